"""Encoding by sentence-transformers: on GPUs, and where OpenVINO does not fit."""

from typing import Literal

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from pipeline.adapters.embedding.offload import OffLoopEncoder
from pipeline.adapters.embedding.weights import Weights
from pipeline.ports import Vector

Device = Literal["cpu", "cuda"]

_BATCH_ROWS = {"cpu": 32, "cuda": 256}


def open_torch(weights: Weights, device: Device, threads: int | None) -> OffLoopEncoder:
    """Return an encoder over sentence-transformers; `threads` applies to the whole process."""
    if threads and device == "cpu":
        torch.set_num_threads(threads)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model = SentenceTransformer(str(weights.path), device=device, local_files_only=True)
    model.eval()

    def forward(texts: list[str]) -> Vector:
        vectors: Vector = model.encode(
            texts,
            batch_size=_BATCH_ROWS[device],
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, np.float32)

    return OffLoopEncoder(
        dimension=forward(["dimension"]).shape[1],
        model_name=weights.name,
        runtime=f"torch-{device}",
        forward=forward,
    )
