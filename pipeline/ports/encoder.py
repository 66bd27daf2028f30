"""What turns texts into vectors."""

from collections.abc import Sequence
from typing import Protocol

from pipeline.ports.vectors import Vector


class TextEncoder(Protocol):
    """Turns texts into vectors of unit length."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    async def encode(self, texts: Sequence[str]) -> Vector:
        """Return shape (len(texts), dimension), float32, in the order of the texts."""
        ...


class Encoder(TextEncoder, Protocol):
    """A loaded model."""

    @property
    def model_name(self) -> str:
        """The model's name, part of the collection's name."""
        ...

    @property
    def runtime(self) -> str:
        """What runs it, for people to read: `openvino-bf16`, `torch-cuda`."""
        ...

    def close(self) -> None:
        """Let the model go."""
        ...
