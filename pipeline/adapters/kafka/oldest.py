"""Reading one record of each partition, to tell how old what waits there is."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.adapters.kafka.connect import in_our_words
from pipeline.adapters.kafka.options import KafkaOptions, client_arguments

_TIMEOUT_MS = 15_000
_FETCH_WAIT_MS = 200
_LOOK_SECONDS = 2.0


@asynccontextmanager
async def looking(options: KafkaOptions) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group that sees what transactions have committed.

    Raises:
        StoreUnavailable: no broker answers; the same block may succeed later.
    """
    consumer = AIOKafkaConsumer(
        **client_arguments(options),
        group_id=None,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        request_timeout_ms=_TIMEOUT_MS,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        max_partition_fetch_bytes=64 * 1024,
    )
    with in_our_words():
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()


async def oldest_ms(
    consumer: AIOKafkaConsumer, topic: str, spans: Mapping[int, tuple[int, int]]
) -> dict[int, int | None]:
    """The timestamp (ms since 1970) of the first record in each partition's span of offsets.

    A span holds its start and not its end. A partition with nothing but the marks of transactions
    in its span is left out; None means that a record is there and cannot be read yet.
    """
    asked = {TopicPartition(topic, p): span for p, span in spans.items()}
    consumer.assign(list(asked))
    for partition, (start, _) in asked.items():
        consumer.seek(partition, start)
    found = await asyncio.gather(*(_look(consumer, p, end) for p, (_, end) in asked.items()))
    return {
        partition.partition: timestamp
        for partition, (there, timestamp) in zip(asked, found, strict=True)
        if there
    }


async def _look(
    consumer: AIOKafkaConsumer, partition: TopicPartition, end: int
) -> tuple[bool, int | None]:
    """Whether a record is there, and its timestamp."""
    reading = asyncio.ensure_future(consumer.getone(partition))
    deadline = asyncio.get_running_loop().time() + _LOOK_SECONDS
    try:
        while not (await asyncio.wait({reading}, timeout=_FETCH_WAIT_MS / 1000))[0]:
            if await consumer.position(partition) >= end:
                return False, None
            if asyncio.get_running_loop().time() > deadline:
                return True, None
        return True, int(reading.result().timestamp)
    finally:
        reading.cancel()
