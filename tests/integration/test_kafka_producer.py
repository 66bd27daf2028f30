"""Closed batches on a real broker: contiguous, in order, whole."""

import pytest

from pipeline.adapters.kafka import (
    Record,
    Span,
    apply_topics,
    idempotent_producer,
    send_closed_batch,
)
from pipeline.errors import FatalError
from pipeline.topics import topic_names, topic_table
from tests.kafka_records import numbered, numbers_of, read_all, topic


@pytest.fixture
async def producer(kafka_options):
    producer = idempotent_producer(kafka_options)
    await producer.start()
    yield producer
    await producer.stop()


async def test_batches_lie_one_behind_the_other_and_say_where(
    kafka_options, topic_prefix, producer
):
    name = await topic(kafka_options, f"{topic_prefix}log", partitions=2)

    first = await send_closed_batch(producer, name, 1, numbered(range(300)))
    second = await send_closed_batch(producer, name, 1, numbered(range(300, 310)))

    assert (first, second) == (Span(0, 300), Span(300, 310))
    records = await read_all(kafka_options, name)
    assert [(record.partition, record.offset) for record in records] == [(1, n) for n in range(310)]
    assert numbers_of(records) == list(range(310))


async def test_key_value_headers_and_time_arrive_as_given(kafka_options, topic_prefix, producer):
    name = await topic(kafka_options, f"{topic_prefix}log")
    sent = Record(bytes(range(16)), b"\x00box", 1_600_000_000_123, (("src", b"7"), ("prev", b"5")))

    await send_closed_batch(producer, name, 0, [sent])

    (record,) = await read_all(kafka_options, name)
    assert (record.key, record.value, record.timestamp) == (sent.key, sent.value, sent.timestamp_ms)
    assert record.headers == sent.headers


async def test_what_does_not_fit_one_batch_goes_in_several_in_order(
    kafka_options, topic_prefix, producer
):
    name = await topic(kafka_options, f"{topic_prefix}log")

    span = await send_closed_batch(producer, name, 0, numbered(range(40), size=100_000))

    assert span == Span(0, 40)
    assert numbers_of(await read_all(kafka_options, name)) == list(range(40))


async def test_a_record_larger_than_a_batch_goes_alone(kafka_options, topic_prefix, producer):
    name = await topic(kafka_options, f"{topic_prefix}log", max_message_bytes="2097152")
    records = [*numbered([0]), *numbered([1], size=1_500_000), *numbered([2])]

    assert await send_closed_batch(producer, name, 0, records) == Span(0, 3)
    assert numbers_of(await read_all(kafka_options, name)) == [0, 1, 2]


async def test_a_batch_that_the_broker_refuses_ends_the_process(
    kafka_options, topic_prefix, producer
):
    name = await topic(kafka_options, f"{topic_prefix}log", max_message_bytes="1000")

    with pytest.raises(FatalError, match="MessageSizeTooLarge"):
        await send_closed_batch(producer, name, 0, numbered([0], size=2000))


async def test_an_empty_batch_is_a_mistake(producer):
    with pytest.raises(ValueError, match="nothing to append"):
        await send_closed_batch(producer, "any", 0, [])


async def test_the_public_topic_takes_300_kib_refuses_2_mib_and_stamps_with_the_brokers_clock(
    kafka_options, topic_prefix, producer
):
    names = topic_names(topic_prefix)
    await apply_topics(kafka_options, topic_table(names, 1))

    await send_closed_batch(producer, names.events, 0, [Record(b"u", b"x" * 300 * 1024, 1)])
    with pytest.raises(FatalError, match="MessageSizeTooLarge"):
        await send_closed_batch(producer, names.events, 0, [Record(b"u", b"x" * 2**21, 1)])

    (record,) = await read_all(kafka_options, names.events)
    assert record.timestamp > 1_700_000_000_000
