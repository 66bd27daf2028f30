"""`VectorStore` in memory: every answer by brute force over a dictionary. For unit tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import numpy as np

from pipeline.errors import DataError
from pipeline.ports import Hit, Page, Point, StoredPoint, Vector, Where


@dataclass(slots=True)
class MemoryVectors:
    """One collection of `dim` dimensions that lives as long as the object."""

    dim: int
    points: dict[UUID, StoredPoint] = field(default_factory=dict)
    created: bool = False
    collection: str = "memory"

    async def ensure_collection(self) -> bool:
        """Return True the first time."""
        created, self.created = not self.created, True
        return created

    async def upsert(self, points: Sequence[Point]) -> None:
        """Write points by id; see the port."""
        fresh = {point.id: _stored(point, self.dim) for point in points}
        self.points.update(fresh)

    async def search(
        self, pid: bytes, epoch: int, vector: Vector, limit: int, where: Where
    ) -> list[Hit]:
        """Return the nearest points; see the port."""
        if limit < 1 or vector.shape != (self.dim,):
            raise DataError("vector_store_refused")
        unit = _unit(vector)
        hits = [
            Hit(point.id, float(point.vector @ unit))
            for point in self.points.values()
            if (point.pid, point.epoch) == (pid, epoch) and _fits(point, where)
            and point.vector is not None
        ]  # fmt: skip
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    async def delete_points(self, ids: Sequence[UUID]) -> None:
        """Delete by id; see the port."""
        for each in ids:
            self.points.pop(each, None)

    async def delete_user(self, pid: bytes, epoch: int) -> None:
        """Delete a user's points; see the port."""
        await self.delete_points([point.id for point in self._of_user(pid, epoch)])

    async def count_user(self, pid: bytes, epoch: int) -> int:
        """Count a user's points; see the port."""
        return sum(1 for _ in self._of_user(pid, epoch))

    async def scroll(
        self,
        after: UUID | None,
        limit: int,
        *,
        with_vectors: bool = False,
        pid: bytes | None = None,
        day_from: int | None = None,
        day_to: int | None = None,
    ) -> Page:
        """Read on behind `after`; see the port."""
        if limit < 1:
            raise DataError("vector_store_refused")
        where = Where(day_from=day_from, day_to=day_to)
        following = [
            point
            for _, point in sorted(self.points.items())
            if (after is None or point.id > after)
            and (pid is None or point.pid == pid)
            and _fits(point, where)
        ]
        page = tuple(_shown(point, with_vectors=with_vectors) for point in following[:limit])
        return Page(page, page[-1].id if len(following) > limit else None)

    async def retrieve(
        self, ids: Sequence[UUID], *, with_vectors: bool = False
    ) -> list[StoredPoint]:
        """Read points by id; see the port."""
        return [
            _shown(self.points[each], with_vectors=with_vectors)
            for each in dict.fromkeys(ids)
            if each in self.points
        ]

    async def reachable(self) -> None:
        """Return at once."""

    async def close(self) -> None:
        """Keep everything: closing lets go of connections, not of points."""

    def _of_user(self, pid: bytes, epoch: int) -> Iterator[StoredPoint]:
        return (
            point for point in self.points.values() if point.pid == pid and point.epoch <= epoch
        )


def _stored(point: Point, dim: int) -> StoredPoint:
    if point.vector.shape != (dim,) or not bool(np.isfinite(point.vector).all()):
        raise DataError("vector_malformed")
    return StoredPoint(
        id=point.id,
        vector=_unit(point.vector),
        pid=point.pid,
        epoch=point.epoch,
        kind=point.kind,
        role=point.role,
        conversation=point.conversation,
        channel=point.channel,
        day=point.day,
        partition=point.partition,
        src=point.src,
    )


def _unit(vector: Vector) -> Vector:
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm if norm else vector, dtype=np.float32)


def _fits(point: StoredPoint, where: Where) -> bool:
    return (
        (not where.roles or point.role in where.roles)
        and (not where.kinds or point.kind in where.kinds)
        and (not where.channels or point.channel in where.channels)
        and where.conversation in (None, point.conversation)
        and (where.day_from is None or where.day_from <= point.day)
        and (where.day_to is None or point.day <= where.day_to)
    )


def _shown(point: StoredPoint, *, with_vectors: bool) -> StoredPoint:
    return point if with_vectors else replace(point, vector=None)
