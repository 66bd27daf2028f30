"""Settling journal records for a view: one transaction for effects and watermark."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.postgres.attempts import (
    count_attempt,
    count_start,
    excuse_attempt,
    excuse_start,
    set_aside,
)
from pipeline.adapters.postgres.engine import sqlstate, transaction
from pipeline.adapters.postgres.keyring import Keyring
from pipeline.adapters.postgres.tables import watermarks
from pipeline.adapters.postgres.watermarks import ViewMark, advance_view, lock_view, positions
from pipeline.domain.journal import Links, MalformedEnvelope, decode_links
from pipeline.domain.sifting import Sifted, in_doubt, sift
from pipeline.errors import DataError, FatalError, StoreUnavailable
from pipeline.metrics import (
    FRESHNESS_SECONDS,
    PREPARE_SECONDS,
    RECORDS,
    STORE_SECONDS,
    TAMPERED,
)
from pipeline.stage import Record
from pipeline.stages.faults import TAMPERED_REASONS, aside, is_records_own
from pipeline.stages.view import Batch, View, decode, handle, open_records

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3


@dataclass(slots=True)
class ViewStage:
    """Settles journal records for one view; `schemas` redirects it to a scratch copy."""

    view: View
    topic: str
    engine: AsyncEngine
    keyring: Keyring
    schemas: dict[str, str] | None = None
    _begun: set[int] = field(default_factory=set)
    _counted: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The view's name."""
        return self.view.name

    async def resume_at(self, starts: Mapping[int, int]) -> dict[int, int]:
        """The watermarks; the journal's start where there is none."""
        async with transaction(self.engine, self.schemas) as connection:
            known = await positions(connection, watermarks[self.name])
        return {partition: known.get(partition, start) for partition, start in starts.items()}

    async def attempt(self, partition: int, records: Sequence[Record]) -> None:
        """Settle the records in one transaction with the watermark.

        A process that begins where another ended with its work undone goes singly: one of the
        records may be what ends processes.
        """
        if partition not in self._begun:
            async with transaction(self.engine, self.schemas) as connection:
                starts = await count_start(connection, self.name, partition)
            if starts > 1:
                await self.attempt_singly(partition, records)
                return
        try:
            await self._settle(partition, records)
        except StoreUnavailable:
            if partition not in self._begun:
                async with transaction(self.engine, self.schemas) as connection:
                    await excuse_start(connection, self.name, partition)
            raise
        self._begun.add(partition)

    async def attempt_singly(self, partition: int, records: Sequence[Record]) -> None:
        """Settle one record at a time; one that failed three times is set aside."""
        for record in records:
            while not await self._settle_one(partition, record):
                pass
        self._begun.add(partition)

    async def _settle(self, partition: int, records: Sequence[Record]) -> None:
        with PREPARE_SECONDS.labels(self.name).time():
            decoded = decode(records)
            opened = await open_records(decoded, self.keyring)
            events = [one for one in opened if one is not None]
            prepared = await self.view.prepare(events) if self.view.prepare and events else None
        with STORE_SECONDS.labels(self.name).time():
            async with transaction(self.engine, self.schemas) as connection:
                mark = await lock_view(connection, self.name, partition)
                sifted = _sift(mark, [(one.record.offset, one.links) for one in decoded])
                todo = [one for i in sifted.kept if (one := opened[i]) is not None]
                await handle(self.view, Batch(connection, prepared), todo)
                if sifted.next != mark.next:
                    new = ViewMark(sifted.next, sifted.src_next)
                    await advance_view(connection, self.name, partition, new)
        self._measure([records[i] for i in sifted.kept], len(todo), sifted.dropped)

    def _measure(self, kept: Sequence[Record], handled: int, dropped: Mapping[str, int]) -> None:
        outcomes = {"handled": handled, "shredded": len(kept) - handled, **dropped}
        for outcome, count in outcomes.items():
            if count:
                RECORDS.labels(self.name, outcome).inc(count)
        now, freshness = time.time(), FRESHNESS_SECONDS.labels(self.name)
        for record in kept:
            freshness.observe(max(0.0, now - record.timestamp_ms / 1000))

    # -- records that fail -------------------------------------------------------------------
    async def _settle_one(self, partition: int, record: Record) -> bool:
        """Whether the record is settled or set aside; False asks for another attempt.

        The attempt is counted before it is made, so that one that ends the process counts.
        """
        attempt = await self._count(partition, record)
        if attempt > MAX_ATTEMPTS:
            await self._set_aside(partition, record, "process_ended")
            return True
        try:
            await self._settle(partition, [record])
        except FatalError:
            raise
        except StoreUnavailable:
            async with transaction(self.engine, self.schemas) as connection:
                await excuse_attempt(connection, self.name, partition, record.offset)
            del self._counted[partition]
            raise
        except Exception as error:
            if not is_records_own(error):
                kind = f"{type(error).__name__} ({sqlstate(error)})"
                raise FatalError(f"no record's fault: {kind}") from error
            return await self._failed(partition, record, error, attempt)
        return True

    async def _count(self, partition: int, record: Record) -> int:
        """This attempt's number; a count that could not be taken back is not made twice."""
        offset, count = self._counted.get(partition, (-1, 0))
        if offset != record.offset:
            async with transaction(self.engine, self.schemas) as connection:
                count = await count_attempt(connection, self.name, partition, record.offset)
            self._counted[partition] = record.offset, count
        return count

    async def _failed(self, partition: int, record: Record, error: Exception, attempt: int) -> bool:
        reason = str(error.reason) if isinstance(error, DataError) else type(error).__name__
        where = (self.name, partition, record.offset)
        log.warning("%s: partition %d offset %d: %s (%s)", *where, reason, sqlstate(error))
        if attempt < MAX_ATTEMPTS:
            del self._counted[partition]
            return False
        await self._set_aside(partition, record, reason)
        del self._counted[partition]
        return True

    async def _set_aside(self, partition: int, record: Record, reason: str) -> None:
        async with transaction(self.engine, self.schemas) as connection:
            mark = await lock_view(connection, self.name, partition)
            if record.offset < mark.next:
                return
            try:
                sifted = _sift(mark, [(record.offset, decode_links(record.headers.items()))])
            except MalformedEnvelope:  # without links it can only be set aside in its turn
                sifted = Sifted((0,), record.offset + 1, in_doubt(mark.src_next), {})
            if sifted.kept:
                await set_aside(connection, self.name, partition, aside(record, reason))
                RECORDS.labels(self.name, "quarantined").inc()
                if reason in TAMPERED_REASONS:
                    TAMPERED.labels(self.name).inc()
            new = ViewMark(sifted.next, sifted.src_next)
            await advance_view(connection, self.name, partition, new)


def _sift(mark: ViewMark, places: Sequence[tuple[int, Links]]) -> Sifted:
    sifted = sift(mark.next, mark.src_next, places)
    if sifted.gap_at is not None:
        raise FatalError(f"the journal has a gap: {mark.next} to {sifted.gap_at}")
    return sifted
