"""An encoder without a model, for tests: equal texts get equal vectors, others unrelated ones."""

import hashlib

import numpy as np

from pipeline.adapters.embedding.offload import OffLoopEncoder
from pipeline.ports import Vector


def hashing_encoder(dimension: int = 384) -> OffLoopEncoder:
    """Return an encoder whose vectors are drawn from a generator seeded by the text's hash."""

    def forward(texts: list[str]) -> Vector:
        return np.stack([_vector(text, dimension) for text in texts])

    return OffLoopEncoder(
        dimension=dimension, model_name="hashing", runtime="hashing", forward=forward
    )


def _vector(text: str, dimension: int) -> Vector:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest())
    return np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
