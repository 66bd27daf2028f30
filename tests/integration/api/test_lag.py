"""How far consumers are behind, told by the logs and the watermarks alone."""

import time

import pytest
from aiokafka import AIOKafkaProducer

from pipeline.adapters.kafka import apply_topics, idempotent_producer, send_closed_batch
from pipeline.adapters.postgres.reads import Marks
from pipeline.topics import topic_names, topic_table
from pipeline.upkeep.lag import measure, read_logs
from tests.kafka_records import numbered

AGE_SECONDS = 3600


@pytest.fixture
async def topics(kafka_options, topic_prefix):
    names = topic_names(topic_prefix)
    await apply_topics(kafka_options, topic_table(names, 2))
    return names


async def lags(kafka_options, topics, **next_):
    marks = Marks(next={(consumer, 0): offset for consumer, offset in next_.items()})
    return await measure(kafka_options, await read_logs(kafka_options, topics), marks)


async def append(kafka_options, topic, records):
    producer = idempotent_producer(kafka_options)
    await producer.start()
    await send_closed_batch(producer, topic, 0, records)
    await producer.stop()


async def test_records_are_counted_from_the_watermark_and_aged_by_the_oldest(kafka_options, topics):
    await append(kafka_options, topics.journal, numbered(range(10)))

    found = await lags(kafka_options, topics, persist=4, embed=10)

    age = time.time() - 1_700_000_000
    assert (found["persist"].records, found["persist"].total) == ({0: 6, 1: 0}, 6)
    assert found["persist"].seconds == pytest.approx(age, abs=60)
    assert (found["usage"].total, found["embed"].total, found["embed"].seconds) == (10, 0, 0)
    assert found["admit"].total == 0


async def test_marks_of_transactions_at_the_end_are_no_lag(kafka_options, topics):
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_options.servers, transactional_id=f"{topics.events}-foreign"
    )
    await producer.start()
    for abort in (False, True):
        await producer.begin_transaction()
        await producer.send_and_wait(topics.events, b"value", partition=0)
        await (producer.abort_transaction() if abort else producer.commit_transaction())
    await producer.stop()

    settled = await lags(kafka_options, topics, admit=1)
    behind = await lags(kafka_options, topics, admit=0)

    assert settled["admit"].total == 0
    assert behind["admit"].total == 4  # offsets, markers included
    assert 0 <= behind["admit"].seconds < AGE_SECONDS


async def test_a_record_in_an_open_transaction_waits(kafka_options, topics):
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_options.servers, transactional_id=f"{topics.events}-open"
    )
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(topics.events, b"value", partition=0)

    found = await lags(kafka_options, topics)
    await producer.abort_transaction()
    await producer.stop()

    assert found["admit"].total == 1
