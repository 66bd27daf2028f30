"""Which records of a journal batch a view still has to handle.

A journal may hold a record twice (admit died between producing and committing) and may hold
records of a writer that failed (their predecessor was refused). `src` and `prev` tell both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.journal import Links


@dataclass(frozen=True, slots=True)
class Sifted:
    """Indices of the records to handle, where the view stands after them, and what was dropped.

    `gap_at` is the first offset behind a hole in the journal, which must not exist: nothing moves.
    """

    kept: tuple[int, ...]
    next: int
    src_next: int
    dropped: dict[str, int]
    gap_at: int | None = None


def sift(next_: int, src_next: int, records: Sequence[tuple[int, Links]]) -> Sifted:
    """Sift (offset, links) in offset order against a view's watermark.

    Dropped are: `seen`, below the watermark; `redone`, a source offset that was settled before;
    `orphaned`, a record whose predecessor never arrived: its writer failed, and the same source
    record comes again.
    """
    began, src_began = next_, src_next
    kept: list[int] = []
    dropped = {"seen": 0, "redone": 0, "orphaned": 0}
    for index, (offset, links) in enumerate(records):
        if offset < next_:
            dropped["seen"] += 1
            continue
        if offset > next_:
            return Sifted((), began, src_began, {}, gap_at=offset)
        next_ = offset + 1
        if links.src < _least(src_next):
            dropped["redone"] += 1
        elif links.prev > src_next >= 0:
            dropped["orphaned"] += 1
        else:
            src_next = links.src + 1
            kept.append(index)
    return Sifted(tuple(kept), next_, src_next, dropped)


def in_doubt(src_next: int) -> int:
    """Return `src_next` behind a record whose links cannot be read, as a number below zero.

    Whether its source was accepted is unknown, so the `prev` of the record behind it proves
    nothing: dropped as orphaned, that one and all after it would be lost.
    """
    return -1 - _least(src_next)


def _least(src_next: int) -> int:
    """The least source offset that is new."""
    return src_next if src_next >= 0 else -1 - src_next
