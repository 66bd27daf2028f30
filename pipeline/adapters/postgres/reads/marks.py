"""Where every consumer stands, and what views have set aside, in one statement each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, func, literal, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.tables import admission, quarantines, sent_on, watermarks

ADMIT = "admit"
SENT_ON = "sent on"


@dataclass(frozen=True, slots=True)
class Marks:
    """`next` by consumer and partition, and the journal's end by partition as admit left it.

    `accepted` is 1 + the source offset of what admit accepted last, and of what a view took last.
    `sent_on` says, by partition and home partition, how far records were sent on: the offset
    behind the last one, on the home partition.
    """

    next: dict[tuple[str, int], int] = field(default_factory=dict)
    journal_end: dict[int, int] = field(default_factory=dict)
    sent_on: dict[tuple[int, int], int] = field(default_factory=dict)
    accepted: dict[tuple[str, int], int] = field(default_factory=dict)

    def of(self, consumer: str, partition: int) -> int:
        """The consumer's `next`; 0 where it has not begun."""
        return self.next.get((consumer, partition), 0)

    def strangers(self, ends: Mapping[int, int]) -> set[str]:
        """Views that took what admit never accepted: the journal they read is another one.

        A view may be ahead of admit by what admit has produced and not committed yet. That lies
        at or behind admit's `next`, and never behind the end of the public topic (`ends`).
        """
        return {
            view
            for (view, partition), taken in self.accepted.items()
            if view != ADMIT
            and taken > self.accepted.get((ADMIT, partition), 0)
            and (taken <= self.of(ADMIT, partition) or taken > ends.get(partition, taken))
        }


async def read_marks(connection: AsyncConnection) -> Marks:
    """Admit's marks and those of the views."""
    admit = select(
        literal(ADMIT).label("consumer"),
        admission.c.partition,
        admission.c.next,
        admission.c.prev,
        admission.c.journal_end,
    )
    none = literal_column("0", BigInteger)
    parts = [
        select(literal(view), table.c.partition, table.c.next, table.c.src_next, none)
        for view, table in watermarks.items()
    ]
    sent = select(literal(SENT_ON), sent_on.c.partition, sent_on.c.end, none, sent_on.c.home)
    marks = Marks()
    for what, partition, next_, taken, other in await connection.execute(
        union_all(admit, *parts, sent)
    ):
        if what == SENT_ON:
            marks.sent_on[partition, other] = next_
            continue
        marks.next[what, partition] = next_
        marks.accepted[what, partition] = taken
        if what == ADMIT:
            marks.journal_end[partition] = other
    return marks


async def quarantined_counts(connection: AsyncConnection) -> dict[str, int]:
    """How many records each view has set aside."""
    parts = [
        select(literal(view), func.count()).select_from(table)
        for view, table in quarantines.items()
    ]
    return {row[0]: row[1] for row in await connection.execute(union_all(*parts))}
