"""From points to messages: each message once, best first, in an order that a page can continue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pipeline.adapters.postgres.reads import MessageRow
from pipeline.ports import Hit


@dataclass(frozen=True, slots=True)
class Ranked:
    """A message with the score of its best chunk."""

    score: float
    row: MessageRow

    @property
    def place(self) -> tuple[float, UUID]:
        """What the order goes by: the best score first, equal scores by id."""
        return -self.score, self.row.id


def ranked(hits: Iterable[Hit], rows: Mapping[UUID, MessageRow]) -> list[Ranked]:
    """The messages that points belong to. A point without a row is stale, and is no hit."""
    best: dict[UUID, Ranked] = {}
    for hit in hits:
        row = rows.get(hit.id)
        if row is not None and (row.id not in best or hit.score > best[row.id].score):
            best[row.id] = Ranked(hit.score, row)
    return sorted(best.values(), key=lambda each: each.place)


def behind(found: Sequence[Ranked], place: tuple[float, UUID] | None) -> list[Ranked]:
    """What comes after a place in the order; everything if none is given."""
    return [each for each in found if place is None or each.place > place]
