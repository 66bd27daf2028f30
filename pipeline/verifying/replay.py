"""Reading the journal again, outside any consumer group."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from pipeline.adapters.kafka.connect import in_our_words
from pipeline.adapters.kafka.options import KafkaOptions, client_arguments
from pipeline.errors import FatalError
from pipeline.stage import Record

BATCH = 500
QUIET_SECONDS = 30.0


async def read_journal(
    options: KafkaOptions, topic: str, partition: int, start: int, end: int
) -> AsyncIterator[list[Record]]:
    """The records of a partition from `start` up to and without `end`, in batches.

    Raises:
        FatalError: the log does not hold them all.
        StoreUnavailable: Kafka is away.
    """
    if start >= end:
        return
    async with _consumer(options) as consumer:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.seek(place, start)
        while start < end:
            milliseconds = round(QUIET_SECONDS * 1000)
            found = await consumer.getmany(place, timeout_ms=milliseconds, max_records=BATCH)
            records = [_record(one) for one in found.get(place, ()) if one.offset < end]
            if not records:
                raise FatalError(f"partition {partition} of {topic} ends before offset {end}")
            start = records[-1].offset + 1
            yield records


@asynccontextmanager
async def _consumer(options: KafkaOptions) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **client_arguments(options), enable_auto_commit=False, auto_offset_reset="none"
    )
    with in_our_words():
        try:
            await consumer.start()
            yield consumer
        except OffsetOutOfRangeError:
            raise FatalError("the log begins behind the offset that is to be read") from None
        finally:
            await consumer.stop()


def _record(one: object) -> Record:
    return Record(
        partition=one.partition,  # type: ignore[attr-defined]
        offset=one.offset,  # type: ignore[attr-defined]
        timestamp_ms=one.timestamp,  # type: ignore[attr-defined]
        key=one.key,  # type: ignore[attr-defined]
        value=one.value,  # type: ignore[attr-defined]
        headers=dict(one.headers),  # type: ignore[attr-defined]
    )
