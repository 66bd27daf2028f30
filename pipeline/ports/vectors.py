"""The store of vectors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Point:
    """One vector and the labels it is filtered by; never any text.

    Two points are equal when their labels are: compare vectors by cosine, stores renormalise.
    """

    id: UUID
    vector: Vector = field(compare=False, repr=False)  # shape (dim,)
    pid: bytes  # 16 bytes
    epoch: int
    kind: int
    role: int
    conversation: bytes | None  # 8 bytes, keyed token
    channel: bytes | None  # 8 bytes, keyed token
    day: int  # days since 1970, in the time zone of the event
    partition: int  # the user's home
    src: int  # offset of its event on the public topic; settled once a view's `src_next` is above


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """A point as a store gives it back; `vector` (unit length) is None unless asked for."""

    id: UUID
    vector: Vector | None = field(compare=False, repr=False)
    pid: bytes
    epoch: int
    kind: int
    role: int
    conversation: bytes | None
    channel: bytes | None
    day: int
    partition: int
    src: int


@dataclass(frozen=True, slots=True)
class Where:
    """Narrows a search: every given part must hold; an empty tuple and None do not narrow."""

    roles: tuple[int, ...] = ()
    kinds: tuple[int, ...] = ()
    channels: tuple[bytes, ...] = ()
    conversation: bytes | None = None
    day_from: int | None = None  # inclusive
    day_to: int | None = None  # inclusive


@dataclass(frozen=True, slots=True)
class Hit:
    """A point near the query; `score` is the cosine and may exceed 1 by rounding."""

    id: UUID
    score: float


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of points in ascending order of id; `after` continues it, None ends it."""

    points: tuple[StoredPoint, ...]
    after: UUID | None


class VectorStore(Protocol):
    """One collection of vectors.

    Every method may raise `StoreUnavailable`; `DataError` means that what was sent is refused.
    Every write is idempotent and visible to every later read once the call returns.
    """

    @property
    def collection(self) -> str:
        """The collection's name."""
        ...

    async def ensure_collection(self) -> bool:
        """Create the collection and its indexes where absent; True if it was created now.

        Raises `ConfigError` when an existing one has another dimension or distance.
        """
        ...

    async def upsert(self, points: Sequence[Point]) -> None:
        """Write points by id; the last of equal ids wins.

        Raises `DataError` before anything is written when a vector has another dimension or holds
        a value that is not finite.
        """
        ...

    async def search(
        self, pid: bytes, epoch: int, vector: Vector, limit: int, where: Where
    ) -> list[Hit]:
        """Return up to `limit` nearest points of one user and epoch, best first."""
        ...

    async def delete_points(self, ids: Sequence[UUID]) -> None:
        """Delete by id; ids that are not there do not matter."""
        ...

    async def delete_user(self, pid: bytes, epoch: int) -> None:
        """Delete every point of `pid` up to and including `epoch`."""
        ...

    async def count_user(self, pid: bytes, epoch: int) -> int:
        """Count exactly what `delete_user` with the same arguments would delete."""
        ...

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
        """Read on in ascending order of id, beginning behind `after`; days are inclusive."""
        ...

    async def retrieve(
        self, ids: Sequence[UUID], *, with_vectors: bool = False
    ) -> list[StoredPoint]:
        """Read points by id, in any order; those that are not there are left out."""
        ...

    async def reachable(self) -> None:
        """Return when the store answers."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


@dataclass(frozen=True, slots=True)
class FlushState:
    """How far an embedded vector store has reached its disk (`ops.embedded.vectors`).

    While `store_id` and `boot_id` stay what they were, every write answered before `flushed_seq`
    reached that write's `seq` is on disk; when one of them changes, later writes may be gone.
    """

    store_id: str  # changes only with the data directory
    boot_id: str  # changes at every start that does not follow a clean stop
    seq: int
    flushed_seq: int


class VectorDurability(Protocol):
    """What only an embedded vector store offers; each answers None where a server stands."""

    async def flush_state(self) -> FlushState | None:
        """Say how far the disk has been reached."""
        ...

    async def flush(self) -> FlushState | None:
        """Put everything answered before this call on disk."""
        ...

    async def rewrite(self) -> int | None:
        """Copy the live points into new files and drop the old ones with all they ever held.

        Returns the number of points kept.
        """
        ...


class PointSink(Protocol):
    """Takes points; a vector store, or what stands in for one while a view is replayed."""

    async def upsert(self, points: Sequence[Point]) -> None:
        """Write points by id; the last of equal ids wins."""
        ...
