"""The janitor: deletes from the public topic what was admitted long enough ago."""

import asyncio
import time
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.kafka import delete_records, end_offsets, start_offsets
from pipeline.adapters.kafka.offsets import offsets_at
from pipeline.adapters.kafka.options import KafkaOptions
from pipeline.adapters.kafka.producer import Record, send_closed_batch
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import admission
from pipeline.adapters.postgres.watermarks import positions
from pipeline.stages.admission import HEARTBEAT


@dataclass(frozen=True, slots=True)
class Janitor:
    """Trims behind admit's watermark, never past it.

    Kafka frees whole segments, and rolls a segment only when something is appended: where admitted
    records wait and nobody writes, the janitor appends a heartbeat, which admit ignores.
    """

    options: KafkaOptions
    topic: str
    engine: AsyncEngine
    producer: AIOKafkaProducer
    delay: float  # seconds that admitted records stay
    _beats: dict[int, int] = field(default_factory=dict)  # offset of each partition's last one

    async def trim(self) -> None:
        """One round over all partitions.

        Raises:
            StoreUnavailable: Kafka or PostgreSQL is away; some partitions may be trimmed.
        """
        starts = await start_offsets(self.options, self.topic)
        ends = await end_offsets(self.options, self.topic)
        before = round((time.time() - self.delay) * 1000)
        old = await offsets_at(self.options, self.topic, before)  # first record that is younger
        async with transaction(self.engine) as connection:
            admitted = await positions(connection, admission)
        limits = {p: min(old.get(p, ends[p]), admitted.get(p, 0)) for p in starts}
        due = {p: limit for p, limit in limits.items() if limit > starts[p]}
        if due:
            await delete_records(self.options, self.topic, due)
        quiet = [
            p
            for p, limit in due.items()
            if limit == ends[p] and (starts[p], limit) != (self._beats.get(p), starts[p] + 1)
        ]
        await asyncio.gather(*(self._beat(p) for p in quiet))

    async def _beat(self, partition: int) -> None:
        heartbeat = Record(None, b"", round(time.time() * 1000), ((HEARTBEAT, b"1"),))
        span = await send_closed_batch(self.producer, self.topic, partition, [heartbeat])
        self._beats[partition] = span.start
