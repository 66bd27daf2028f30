"""Keeping the vectors' disk and PostgreSQL's watermark in step, and the vectors free of orphans."""

import asyncio
import logging
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
from pipeline.ports import FlushState, PointSink, VectorDurability, VectorStore
from pipeline.replay import read_journal
from pipeline.view import decode, open_records
from pipeline.view_stage import ViewStage

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

    async def checkpoint(self) -> None:
        """Repair if the store started uncleanly, then flush and keep the positions before it.

        Raises:
            StoreUnavailable: a store is away.
        """
        state = await self.vectors.flush_state()
        if state is None:
            return
        async with transaction(self.stage.engine) as connection:
            marks = await positions(connection, watermarks["embed"])
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
            found = await open_records(decode(records), keyring)
            opened = [one for one in found if one is not None]
            prepared = await view.prepare(opened) if view.prepare else {}
            made = {point.id: point for some in prepared.values() for point in some}
            async with transaction(engine) as connection:
                await lock_view(connection, "embed", partition)
                gone = set(await _missing(connection, list(made)))
                await self.sink.upsert([p for id_, p in made.items() if id_ not in gone])

    async def _keep(self, marks: Mapping[int, int], state: FlushState) -> None:
        if not marks:
            return
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
            if suspects := await self._without_row([point.id for point in page.points]):
                await self._delete(suspects)
            after = page.after
            if after is None:
                return
            await asyncio.sleep(0)

    async def _without_row(self, ids: Sequence[UUID]) -> list[UUID]:
        async with transaction(self.engine) as connection:
            return await _missing(connection, ids)

    async def _delete(self, suspects: Sequence[UUID]) -> None:
        """Delete under every partition's lock: a row may be on its way with its point."""
        async with transaction(self.engine) as connection:
            table = watermarks["embed"]
            await connection.execute(
                select(table.c.partition).order_by(table.c.partition).with_for_update()
            )
            orphans = await _missing(connection, suspects)
            await self.vectors.delete_points(orphans)
        ORPHANS.inc(len(orphans))


async def _missing(connection: AsyncConnection, ids: Sequence[UUID]) -> list[UUID]:
    found = await connection.execute(select(points.c.id).where(points.c.id.in_(ids)))
    known = set(found.scalars())
    return [id_ for id_ in ids if id_ not in known]


def _boot(state: FlushState) -> str:
    return f"{state.store_id}/{state.boot_id}"
