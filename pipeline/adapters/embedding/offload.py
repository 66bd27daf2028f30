"""The one encoder class: a blocking function, kept off the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline.ports import Vector

Forward = Callable[[list[str]], Vector]


class OffLoopEncoder:
    """An `Encoder` that runs `forward` on a thread of its own, one call after the other.

    A cancelled `encode` returns at once; what it started ends unseen before the next one begins.
    """

    def __init__(self, *, dimension: int, model_name: str, runtime: str, forward: Forward) -> None:
        self.dimension = dimension
        self.model_name = model_name
        self.runtime = runtime
        self._forward: Forward = forward
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode")

    async def encode(self, texts: Sequence[str]) -> Vector:
        """Return shape (len(texts), dimension), float32, rows of length 1, in the texts' order.

        Raises `RuntimeError` once closed.
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts, not one text")
        batch = list(texts)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.run, batch)

    def run(self, texts: list[str]) -> Vector:
        """Encode on the calling thread; for start-up checks, before the encoder is shared."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return _unit(self._forward([_encodable(text) for text in texts]))

    def close(self) -> None:
        """Finish what was asked for, then let the model go; a second call does nothing."""
        self._thread.shutdown(wait=True)
        self._forward = _closed


def _closed(_: list[str]) -> Vector:
    raise RuntimeError("the encoder is closed")


def _encodable(text: str) -> str:
    """Replace lone surrogates, which no tokenizer takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _unit(vectors: Vector) -> Vector:
    """Rescale rows to length 1: reduced precision leaves them a little off."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vector = np.divide(vectors, np.maximum(lengths, 1e-12), dtype=np.float32)
    return unit
