"""Reading topics whole, and making small ones, for tests that look at what a broker holds."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.adapters.kafka import (
    KafkaOptions,
    Record,
    apply_topics,
    client_arguments,
    end_offsets,
    start_offsets,
)
from pipeline.topics import TopicSpec


async def topic(options: KafkaOptions, name: str, partitions: int = 1, **configs: str) -> str:
    """Create a topic; `max_message_bytes="1"` sets max.message.bytes. Its name."""
    # By default a broker deletes records that say they are older than a week: ours do.
    settings = {"retention.ms": "-1"} | {key.replace("_", "."): v for key, v in configs.items()}
    await apply_topics(options, [TopicSpec(name, partitions, settings)])
    return name


async def read_all(options: KafkaOptions, name: str, *, committed: bool = False) -> list:
    """Every record of a topic, partition after partition, in order of offset."""
    starts, ends = await start_offsets(options, name), await end_offsets(options, name)
    if starts == ends:
        return []  # stopped before its first turn, aiokafka's consumer raises CancelledError
    consumer = AIOKafkaConsumer(
        **client_arguments(options),
        auto_offset_reset="none",  # a test that reads what is gone must notice
        isolation_level="read_committed" if committed else "read_uncommitted",
    )
    await consumer.start()
    try:
        return [
            record
            for partition in sorted(ends)
            for record in await _read(
                consumer, TopicPartition(name, partition), starts[partition], ends[partition]
            )
        ]
    finally:
        await consumer.stop()


async def _read(consumer, partition, start, end) -> list:
    consumer.assign([partition])
    consumer.seek(partition, start)
    records = []
    # The position also passes the markers of transactions, which are no records.
    while await consumer.position(partition) < end:
        for found in (await consumer.getmany(partition, timeout_ms=200)).values():
            records.extend(record for record in found if record.offset < end)
    return records


def numbered(numbers, size: int = 10) -> list[Record]:
    """Records that carry their number in a header."""
    return [
        Record(b"key", b"v" * size, 1_700_000_000_000 + n, (("src", b"%d" % n),)) for n in numbers
    ]


def numbers_of(records) -> list[int]:
    """The numbers of records that `numbered` made."""
    return [int(dict(record.headers)["src"]) for record in records]
