"""The probe set: a few dozen texts on which a runtime must agree with the reference."""

import hashlib
import json
from pathlib import Path

import numpy as np

from pipeline.ports import Vector

MIN_COSINE = 0.999

_FILE = Path(__file__).with_name("probe.json")


def probe_texts() -> list[str]:
    """Return the committed texts, in order."""
    texts: list[str] = json.loads(_FILE.read_text(encoding="utf-8"))
    return texts


def probe_digest() -> str:
    """Return the SHA-256 of the probe file: other texts need another reference."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()


def agreement(vectors: Vector, reference: Vector) -> float:
    """Return the lowest cosine between two lists of unit vectors, row by row.

    -1 when the shapes differ or a value is not finite: such vectors agree on nothing.
    """
    if vectors.shape != reference.shape or not len(vectors):
        return -1.0
    lowest = np.einsum("ij,ij->i", vectors, reference).min()
    return float(lowest) if np.isfinite(lowest) else -1.0
