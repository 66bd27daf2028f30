"""Rebuilding one user in one view from the journal, after records of theirs were set aside.

Never one record alone: what was deleted after it must stay deleted.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.kafka.options import KafkaOptions
from pipeline.adapters.postgres.attempts import set_aside
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import quarantines, watermarks
from pipeline.adapters.postgres.watermarks import lock_view, positions
from pipeline.domain.journal import MalformedEnvelope, decode_links
from pipeline.domain.sifting import in_doubt, sift
from pipeline.errors import FatalError
from pipeline.stage import Record
from pipeline.stages.faults import aside
from pipeline.stages.view import AnyOpened, Batch, Unreadable, handle, open_readable
from pipeline.stages.view_stage import ViewStage
from pipeline.verifying.replay import read_journal


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many events were handled again, and which records still cannot be opened."""

    handled: int
    unreadable: Sequence[Unreadable]


@dataclass(slots=True)
class _History:
    """Reads a partition on from where it stopped, and keeps one user's records of it."""

    pid: bytes
    partition: int
    next: int = 0
    src_next: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)

    async def read(self, journal: KafkaOptions, topic: str, end: int) -> AsyncIterator[Record]:
        """The user's records up to `end` that the view did not drop."""
        async for records in read_journal(journal, topic, self.partition, self.next, end):
            for record in records:
                if self._keep(record) and record.key == self.pid:
                    yield record

    def _keep(self, record: Record) -> bool:
        try:
            links = decode_links(record.headers.items())
        except MalformedEnvelope:  # set aside in its turn
            self.next, self.src_next = record.offset + 1, in_doubt(self.src_next)
            return True
        sifted = sift(self.next, self.src_next, [(record.offset, links)])
        if sifted.gap_at is not None:
            raise FatalError(f"the journal has a gap: {self.next} to {sifted.gap_at}")
        self.next, self.src_next = sifted.next, sifted.src_next
        return bool(sifted.kept)


async def rebuild_user(
    stage: ViewStage, journal: KafkaOptions, partition: int, pid: bytes
) -> Rebuilt:
    """Make a user's rows in the view anew, up to its watermark, as one transaction with it.

    What can be opened now leaves the quarantine. Vector points are written again; those that get
    no row again are left to the sweep, for a point deleted here would be missing if the
    transaction failed.

    Raises:
        StoreUnavailable: a store is away; nothing changed.
        FatalError: the journal is not whole; nothing changed.
        Exception: a handler fails still; nothing changed.
    """
    history, name = _History(pid, partition), stage.name
    async with transaction(stage.engine) as connection:
        end = (await positions(connection, watermarks[name])).get(partition, 0)
    long_past = await _prepared(stage, journal, history, end)
    async with transaction(stage.engine) as connection:
        mark = await lock_view(connection, name, partition)
        since = await _prepared(stage, journal, history, mark.next)
        await _delete_rows(connection, stage, partition, pid)
        for each in (long_past, since):
            await handle(stage.view, Batch(connection, each.prepared), each.events)
        for one in history.unreadable:
            await set_aside(connection, name, partition, aside(one.record, one.reason))
    return Rebuilt(len(long_past.events) + len(since.events), history.unreadable)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Events of one user, and what the view's `prepare` made of them."""

    events: Sequence[AnyOpened]
    prepared: Any


async def _prepared(
    stage: ViewStage, journal: KafkaOptions, history: _History, end: int
) -> _Stretch:
    records = [record async for record in history.read(journal, stage.topic, end)]
    events, unreadable = await open_readable(records, stage.keyring)
    history.unreadable += unreadable
    prepare = stage.view.prepare
    return _Stretch(events, await prepare(events) if prepare and events else None)


async def _delete_rows(
    connection: AsyncConnection, stage: ViewStage, partition: int, pid: bytes
) -> None:
    for table in stage.view.tables:
        await connection.execute(delete(table).where(table.c.pid == pid))
    aside_ = quarantines[stage.name]
    await connection.execute(
        delete(aside_).where(aside_.c.partition == partition, aside_.c.pid == pid)
    )
