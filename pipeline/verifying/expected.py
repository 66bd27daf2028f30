"""What the vector store should hold, as a replay makes it, and how it differs."""

import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from uuid import UUID

import numpy as np

from pipeline.ports import Encoder, Point, StoredPoint, Vector, VectorStore
from pipeline.verifying.comparing import Difference

PAGE = 1000
_NONE = np.zeros(0, np.float32)
CLOSE_ENOUGH = 0.999  # cosine; batches of other lengths round differently


@dataclass(slots=True)
class ExpectedVectors:
    """Takes upserts as a vector store does and keeps them for comparison."""

    points: dict[UUID, Point] = field(default_factory=dict)
    sampled: int = 0

    async def upsert(self, points: Sequence[Point]) -> None:
        """Keep points by id, without the vectors that the sample leaves out."""
        for point in points:
            sampled = bool(point.vector.any())
            self.sampled += sampled
            self.points[point.id] = point if sampled else replace(point, vector=_NONE)


@dataclass(frozen=True, slots=True)
class SampledEncoder:
    """Encodes one text in `one_in`, chosen by seed and text; the others get a zero vector."""

    encoder: Encoder
    one_in: int
    seed: int

    @property
    def dimension(self) -> int:
        """The encoder's dimension."""
        return self.encoder.dimension

    async def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimension); zero rows where the sample leaves a text out."""
        chosen = [i for i, text in enumerate(texts) if self._chosen(text)]
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        if chosen:
            vectors[chosen] = await self.encoder.encode([texts[i] for i in chosen])
        return vectors

    def _chosen(self, text: str) -> bool:
        return zlib.crc32(text.encode(), self.seed) % self.one_in == 0


async def compare_points(
    expected: ExpectedVectors, vectors: VectorStore, src_next: Mapping[int, int]
) -> AsyncIterator[Difference]:
    """The differences between what should be there and what is.

    Points of records behind `src_next`, by home partition, came later and are passed over.
    """
    missing = dict(expected.points)
    after: UUID | None = None
    while True:
        page = await vectors.scroll(after, PAGE, with_vectors=True)
        for stored in page.points:
            point = missing.pop(stored.id, None)
            later = point is None and stored.src >= src_next.get(stored.partition, 0)
            what = "extra" if point is None else _what_differs(point, stored)
            if what and not later:
                yield Difference("vectors", str(stored.id), what)
        after = page.after
        if after is None:
            break
    for id_ in missing:
        yield Difference("vectors", str(id_), "missing")


def _what_differs(point: Point, stored: StoredPoint) -> str:
    names = [f.name for f in fields(StoredPoint) if f.name != "vector"]
    wrong = [name for name in names if getattr(point, name) != getattr(stored, name)]
    if point.vector.size and (
        stored.vector is None or float(point.vector @ stored.vector) < CLOSE_ENOUGH
    ):
        wrong.append("vector")
    return f"differs: {', '.join(wrong)}" if wrong else ""
