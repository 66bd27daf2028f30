"""Keeping the vectors' disk and PostgreSQL's watermark in step, and the vectors free of orphans."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pipeline.adapters.kafka.options import KafkaOptions
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import flushed, points, watermarks
from pipeline.adapters.postgres.watermarks import lock_view, positions
from pipeline.metrics import ORPHANS
from pipeline.ports import FlushState, PointSink, StoredPoint, VectorDurability, VectorStore
from pipeline.stages.view import AnyOpened, open_readable
from pipeline.stages.view_stage import ViewStage
from pipeline.verifying.replay import read_journal

log = logging.getLogger(__name__)

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Remembers which journal positions' points have surely reached the disk.

    An embedded store answers a write before its disk has it. After a power cut the watermark may
    be ahead of the points; then the points of the rows between the last checkpoint and the
    watermark are written again. The watermark itself never moves back: a replay by position would
    be dropped as seen, or show again what was removed meanwhile. A server keeps no such state.
    """

    stage: ViewStage
    journal: KafkaOptions
    vectors: VectorDurability
    sink: PointSink
    partitions: int  # of the journal: where nothing came yet, nothing was written before this boot

    async def checkpoint(self) -> None:
        """Repair if the store started uncleanly, then flush and keep the positions before it.

        Raises:
            StoreUnavailable: a store is away.
        """
        state = await self.vectors.flush_state()
        if state is None:
            return
        async with transaction(self.stage.engine) as connection:
            marks = dict.fromkeys(range(self.partitions), 0)
            marks |= await positions(connection, watermarks["embed"])
            kept = {row.partition: row for row in await connection.execute(select(flushed))}
        for partition, end in marks.items():
            row = kept.get(partition)
            if row is None or row.boot != _boot(state):
                same_store = row is not None and row.boot.startswith(f"{state.store_id}/")
                await self._repair(partition, row.next if row and same_store else 0, end)
        after = await self.vectors.flush()
        if after is not None and _boot(after) == _boot(state):
            await self._keep(marks, state)

    async def _repair(self, partition: int, start: int, end: int) -> None:
        """Write the points of existing rows again, a batch at a time under the watermark's lock."""
        engine, keyring, view = self.stage.engine, self.stage.keyring, self.stage.view
        if start < end:
            log.warning("embed: partition %d: rewriting points %d to %d", partition, start, end)
        async for records in read_journal(self.journal, self.stage.topic, partition, start, end):
            opened, _ = await open_readable(records, keyring)  # the others have no rows
            opened = await self._embedded(opened)
            prepared = await view.prepare(opened) if view.prepare else {}
            made = {point.id: point for some in prepared.values() for point in some}
            async with transaction(engine) as connection:
                await lock_view(connection, "embed", partition)
                gone = set(await _missing(connection, list(made)))
                await self.sink.upsert([p for id_, p in made.items() if id_ not in gone])

    async def _embedded(self, opened: Sequence[AnyOpened]) -> list[AnyOpened]:
        """Those events that have rows: others were set aside, or removed since."""
        pids, ids = {one.pid for one in opened}, {one.id for one in opened}
        statement = select(points.c.pid, points.c.event_id).distinct()
        statement = statement.where(points.c.pid.in_(pids), points.c.event_id.in_(ids))
        async with transaction(self.stage.engine) as connection:
            rows = await connection.execute(statement)
            known = {(bytes(row.pid), row.event_id) for row in rows}
        return [one for one in opened if (one.pid, one.id) in known]

    async def _keep(self, marks: Mapping[int, int], state: FlushState) -> None:
        rows = [{"partition": p, "next": next_, "boot": _boot(state)} for p, next_ in marks.items()]
        async with transaction(self.stage.engine) as connection:
            new = insert(flushed).values(rows)
            changes = {name: new.excluded[name] for name in ("next", "boot")}
            await connection.execute(
                new.on_conflict_do_update(index_elements=["partition"], set_=changes)
            )


@dataclass(frozen=True, slots=True)
class Sweep:
    """Deletes points that have no row: a suspended worker may write some after it was replaced."""

    engine: AsyncEngine
    vectors: VectorStore

    async def run(self) -> None:
        """One pass over the collection.

        Raises:
            StoreUnavailable: a store is away.
        """
        after: UUID | None = None
        while True:
            page = await self.vectors.scroll(after, PAGE)
            for partition, suspects in (await self._without_row(page.points)).items():
                await self._delete(partition, suspects)
            after = page.after
            if after is None:
                return
            await asyncio.sleep(0)

    async def _without_row(self, found: Sequence[StoredPoint]) -> dict[int, list[StoredPoint]]:
        """Points that seem to have no row, by partition."""
        async with transaction(self.engine) as connection:
            missing = set(await _missing(connection, [point.id for point in found]))
        suspects: dict[int, list[StoredPoint]] = defaultdict(list)
        for point in found:
            if point.id in missing:
                suspects[point.partition].append(point)
        return suspects

    async def _delete(self, partition: int, suspects: Sequence[StoredPoint]) -> None:
        """Delete under the partition's lock what lies below its watermark.

        Above it a row may be on its way. The lock alone would not do: a sweep that is suspended
        before its delete arrives loses it, and the row may be written meanwhile.
        """
        async with transaction(self.engine) as connection:
            mark = await lock_view(connection, "embed", partition)
            settled = [point.id for point in suspects if point.src < mark.src_next]
            orphans = await _missing(connection, settled)
            await self.vectors.delete_points(orphans)
        ORPHANS.inc(len(orphans))


async def _missing(connection: AsyncConnection, ids: Sequence[UUID]) -> list[UUID]:
    found = await connection.execute(select(points.c.id).where(points.c.id.in_(ids)))
    known = set(found.scalars())
    return [id_ for id_ in ids if id_ not in known]


def _boot(state: FlushState) -> str:
    return f"{state.store_id}/{state.boot_id}"
