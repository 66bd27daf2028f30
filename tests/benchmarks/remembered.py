"""The embed consumer with vectors made beforehand: all of it but the model.

    python -m tests.benchmarks.remembered VECTORS.npz

Loads a store quickly, with the vectors that the model gives, and shows what embedding costs
besides the model.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from consumers import embed
from pipeline import wiring
from pipeline.domain.chunks import chunks
from pipeline.logs import configure
from pipeline.ports import Encoder, Vector
from pipeline.settings import settings
from pipeline.worker import work


class Remembered:
    """An encoder that knows the vectors of some texts and of no others."""

    runtime = "remembered"

    def __init__(self, model_name: str, texts: Sequence[str], vectors: Vector) -> None:
        self.model_name, self.dimension = model_name, vectors.shape[1]
        self._vectors, self._rows = vectors, {text: i for i, text in enumerate(texts)}

    async def encode(self, texts: Sequence[str]) -> Vector:
        """The rows of the texts."""
        found: Vector = self._vectors[[self._rows[text] for text in texts]]
        return found

    def close(self) -> None:
        """Nothing to let go."""


def remember(path: Path, encoder: Encoder, texts: Sequence[str]) -> None:
    """Encode every piece of the texts once and keep the vectors in a file."""
    pieces = sorted({piece for text in texts for piece in chunks(text)})
    vectors = asyncio.run(encoder.encode(pieces))
    np.savez(path, model_name=encoder.model_name, texts=np.array(pieces), vectors=vectors)


def recalled(path: Path) -> Remembered:
    """The encoder behind such a file."""
    kept = np.load(path)
    return Remembered(str(kept["model_name"]), kept["texts"].tolist(), kept["vectors"])


def main() -> None:
    """Run embed until SIGTERM; only its choice of an encoder is another one."""
    configured = settings()
    configure(configured.tidemark_log_level)
    encoder = recalled(Path(sys.argv[1]))
    wiring.encoder = lambda *_, **__: encoder
    asyncio.run(work(configured, {"embed": embed.build}))


if __name__ == "__main__":
    main()
