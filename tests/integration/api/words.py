"""An encoder for tests: texts that share words are near, exactly and at once."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

DIM = 64


class WordEncoder:
    """Adds up one fixed random direction per word."""

    dimension = DIM
    model_name = "words"
    runtime = "test"

    async def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([_encoded(text) for text in texts])

    def close(self) -> None:
        return


def _encoded(text: str) -> np.ndarray:
    words = re.findall(r"\w+", text.lower()) or [""]
    total = np.sum([_direction(word) for word in words], axis=0)
    return (total / np.linalg.norm(total)).astype(np.float32)


def _direction(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(DIM)
