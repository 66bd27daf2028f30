"""The exported model on disk: its name, its manifest, and the check that it is whole.

    <cache>/<model>-<key>/model.xml, model.bin   OpenVINO IR, f32
                          tokenizer.json         as sentence-transformers used it
                          reference.npy          its embeddings of the probe texts
                          manifest.json          shapes, and the SHA-256 of the other files

The key covers everything that shapes these files, so an entry is never out of date, only absent.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from pipeline.adapters.embedding.probe import probe_digest
from pipeline.adapters.embedding.weights import Weights, file_digest
from pipeline.errors import TidemarkError

EXPORTER = 1  # raised with every change to what trace.py writes
PRECISION = "f32"
MANIFEST = "manifest.json"
FILES = ("model.xml", "model.bin", "tokenizer.json", "reference.npy")

_SHAPED_BY = ("openvino", "sentence-transformers", "tokenizers", "torch", "transformers")


class ArtifactError(TidemarkError):
    """The cache has no such entry, or a damaged one."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a runtime must know besides the files: `inputs` in the order of the model's."""

    dimension: int
    max_length: int  # tokens, special ones included
    pad_id: int
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A checked entry of the cache."""

    path: Path
    shape: Shape


def entry_name(weights: Weights) -> str:
    """Return the directory name of the export of `weights` by the installed versions."""
    parts = [weights.digest, probe_digest(), PRECISION, EXPORTER]
    parts += [f"{name} {version(name)}" for name in _SHAPED_BY]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{weights.name}-{key[:16]}"


def write_manifest(path: Path, shape: Shape) -> None:
    """Seal the entry at `path`, whose `FILES` are complete."""
    digests = {name: file_digest(path / name) for name in FILES}
    text = json.dumps({"shape": asdict(shape), "files": digests}, indent=2)
    (path / MANIFEST).write_text(text, encoding="utf-8")


def read_artifact(path: Path) -> Artifact:
    """Return the entry at `path`; raises `ArtifactError` unless every file is what was written."""
    if not path.is_dir():
        raise ArtifactError("absent")
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        digests, shape = manifest["files"], _shape(**manifest["shape"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{MANIFEST} is damaged") from error
    for name in FILES:
        if digests.get(name) != file_digest(path / name):
            raise ArtifactError(f"{name} is damaged")
    return Artifact(path, shape)


def _shape(dimension: int, max_length: int, pad_id: int, inputs: Sequence[str]) -> Shape:
    return Shape(int(dimension), int(max_length), int(pad_id), tuple(inputs))
