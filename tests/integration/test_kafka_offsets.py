"""Beginnings and ends of logs, trimming, and foreign transactions on a real broker."""

import secrets

import pytest
from aiokafka import AIOKafkaProducer

from pipeline.adapters.kafka import (
    Record,
    client_arguments,
    delete_records,
    end_offsets,
    idempotent_producer,
    send_closed_batch,
    start_offsets,
)
from pipeline.errors import ConfigError
from tests.kafka_records import numbered, numbers_of, read_all, topic
from tests.waiting import until


@pytest.fixture
async def producer(kafka_options):
    producer = idempotent_producer(kafka_options)
    await producer.start()
    yield producer
    await producer.stop()


async def test_a_log_is_trimmed_to_an_offset_and_no_further(kafka_options, topic_prefix, producer):
    name = await topic(kafka_options, f"{topic_prefix}log", partitions=2)
    await send_closed_batch(producer, name, 0, numbered(range(10)))
    await send_closed_batch(producer, name, 1, numbered(range(5)))

    starts = await delete_records(kafka_options, name, {0: 4})

    assert starts == {0: 4}
    assert await start_offsets(kafka_options, name) == {0: 4, 1: 0}
    assert await end_offsets(kafka_options, name) == {0: 10, 1: 5}
    assert numbers_of(await read_all(kafka_options, name)) == [*range(4, 10), *range(5)]


async def test_trimming_again_or_further_back_changes_nothing(
    kafka_options, topic_prefix, producer
):
    name = await topic(kafka_options, f"{topic_prefix}log")
    await send_closed_batch(producer, name, 0, numbered(range(10)))

    for before in (6, 6, 3):
        await delete_records(kafka_options, name, {0: before})

    assert await start_offsets(kafka_options, name) == {0: 6}


async def test_trimmed_bytes_leave_the_disk(kafka_server, kafka_options, topic_prefix, producer):
    secret = secrets.token_bytes(32)
    name = await topic(kafka_options, f"{topic_prefix}log", segment_ms="1000")
    folder = kafka_server.data_dir / "log" / f"{name}-0"

    def on_disk():
        return any(secret in file.read_bytes() for file in folder.glob("*.log"))

    await send_closed_batch(producer, name, 0, [Record(b"k", secret, 1)])
    assert on_disk()

    async def gone():
        # Only an append behind `segment.ms` rolls the segment, which can then go as a whole.
        span = await send_closed_batch(producer, name, 0, numbered([0]))
        await delete_records(kafka_options, name, {0: span.start})
        return not on_disk()

    await until(gone, seconds=60)


async def test_a_topic_that_does_not_exist_is_named_with_the_remedy(kafka_options, topic_prefix):
    with pytest.raises(ConfigError, match="tidemark topics apply"):
        await end_offsets(kafka_options, f"{topic_prefix}nothing")


async def test_aborted_foreign_transactions_leave_gaps_and_no_records(kafka_options, topic_prefix):
    name = await topic(kafka_options, f"{topic_prefix}log")
    foreign = AIOKafkaProducer(**client_arguments(kafka_options), transactional_id=topic_prefix)
    await foreign.start()
    try:
        for number, keep in enumerate([True, False, True]):
            await foreign.begin_transaction()
            await foreign.send_and_wait(name, b"v", headers=[("src", b"%d" % number)])
            await (foreign.commit_transaction() if keep else foreign.abort_transaction())
    finally:
        await foreign.stop()

    records = await read_all(kafka_options, name, committed=True)
    assert numbers_of(records) == [0, 2]
    assert await end_offsets(kafka_options, name) == {0: 6}
