"""A sentence-transformers model as one OpenVINO graph: encoder, pooling and normalisation."""

from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from pipeline.adapters.embedding.artifact import Shape
from pipeline.adapters.embedding.probe import probe_texts
from pipeline.adapters.embedding.runtime_library import openvino

# Inputs that the runtime knows how to make; a model that needs another is not exported.
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class UnitEmbedding(torch.nn.Module):
    """Token ids in, unit vectors out; pooling is the model's own."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return shape (rows, dimension)."""
        features = {"input_ids": input_ids, "attention_mask": attention_mask}
        if token_type_ids is not None:
            features["token_type_ids"] = token_type_ids
        pooled = self.model(features)["sentence_embedding"]
        return torch.nn.functional.normalize(pooled, dim=1)


def trace(model_dir: Path, target: Path) -> Shape:
    """Write the IR, the tokenizer and the reference embeddings of `model_dir` into `target`."""
    model = SentenceTransformer(str(model_dir), device="cpu", local_files_only=True)
    model.eval()
    texts = probe_texts()
    reference = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    np.save(target / "reference.npy", reference)

    inputs = _save_graph(model, target / "model.xml")
    tokenizer = model.tokenizer
    tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))
    return Shape(
        dimension=reference.shape[1],
        max_length=model.max_seq_length or tokenizer.model_max_length,
        pad_id=tokenizer.pad_token_id or 0,
        inputs=inputs,
    )


def _save_graph(model: SentenceTransformer, path: Path) -> tuple[str, ...]:
    ov = openvino()
    # Two lengths, so that the trace sees padding.
    features = model.preprocess(["short", "rather longer than the other one of the two"])
    example = {name: features[name] for name in _INPUTS if name in features}
    graph = ov.convert_model(UnitEmbedding(model).eval(), example_input=example)
    ov.save_model(graph, path, compress_to_fp16=False)
    return tuple(example)
