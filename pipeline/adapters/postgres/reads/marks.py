"""Where every consumer stands, and what views have set aside, in one statement each."""

from dataclasses import dataclass, field

from sqlalchemy import BigInteger, func, literal, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.tables import admission, quarantines, sent_on, watermarks

ADMIT = "admit"
SENT_ON = "sent on"


@dataclass(frozen=True, slots=True)
class Marks:
    """`next` by consumer and partition, and the journal's end by partition as admit left it.

    `sent_on` says, by partition and home partition, how far records were sent on: the offset
    behind the last one, on the home partition.
    """

    next: dict[tuple[str, int], int] = field(default_factory=dict)
    journal_end: dict[int, int] = field(default_factory=dict)
    sent_on: dict[tuple[int, int], int] = field(default_factory=dict)

    def of(self, consumer: str, partition: int) -> int:
        """The consumer's `next`; 0 where it has not begun."""
        return self.next.get((consumer, partition), 0)


async def read_marks(connection: AsyncConnection) -> Marks:
    """Admit's marks and those of the views."""
    admit = select(
        literal(ADMIT).label("consumer"),
        admission.c.partition,
        admission.c.next,
        admission.c.journal_end,
    )
    none = literal_column("0", BigInteger)
    parts = [
        select(literal(view), table.c.partition, table.c.next, none)
        for view, table in watermarks.items()
    ]
    sent = select(literal(SENT_ON), sent_on.c.partition, sent_on.c.end, sent_on.c.home)
    marks = Marks()
    for what, partition, next_, other in await connection.execute(union_all(admit, *parts, sent)):
        if what == SENT_ON:
            marks.sent_on[partition, other] = next_
            continue
        marks.next[what, partition] = next_
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
