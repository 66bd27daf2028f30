"""Requests share a producer: none hangs and none is told a wrong place when it is replaced."""

import asyncio
import time
from contextlib import asynccontextmanager
from signal import SIGKILL

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import RecordMetadata

from ops.embedded.ports import free_ports
from pipeline.adapters.kafka import KafkaOptions, Record
from pipeline.adapters.kafka.publisher import Publisher
from pipeline.errors import StoreUnavailable
from tests.kafka_records import read_all, topic
from tests.servers import kafka_engine
from tests.servers import running as kept_up
from tests.waiting import until

SECONDS = 30.0
REQUESTS = 300
SLACK = 20.0  # two shared cores


@pytest.fixture
def own_kafka(tmp_path):
    server, engine = kafka_engine(tmp_path / "kafka", free_ports(2))
    with kept_up(engine):
        yield KafkaOptions(bootstrap=server.bootstrap), engine


@asynccontextmanager
async def publishing(options, name):
    publisher = Publisher(options, name, SECONDS)
    try:
        yield publisher
    finally:
        await publisher.close()


async def say(publisher, word, partition=0):
    """Publish a word; its position."""
    record = Record(b"ana", word.encode(), round(time.time() * 1000))
    [position] = await publisher.publish([(partition, record)])
    return position.partition, position.offset


async def words(options, name):
    """What the topic holds, by place."""
    return {(r.partition, r.offset): r.value.decode() for r in await read_all(options, name)}


async def waiting_in(publisher, partition):
    """Hold back what is sent to a partition, until the producer is replaced."""
    await say(publisher, "first", partition)
    producer = publisher._producer
    producer._sender._muted_partitions.add(TopicPartition(publisher._topic, partition))
    return producer


async def test_who_waits_in_a_producer_that_is_replaced_is_published_by_the_next(
    kafka_options, topic_prefix
):
    name = await topic(kafka_options, f"{topic_prefix}events")
    async with publishing(kafka_options, name) as publisher:
        old = await waiting_in(publisher, 0)
        gone, stays = (asyncio.create_task(say(publisher, each)) for each in ("gone", "stays"))
        await until(lambda: old._message_accumulator._batches)
        gone.cancel()
        position = await stays

    there = await words(kafka_options, name)
    assert there[position] == "stays"
    assert sorted(there.values()) == ["first", "stays"]
    assert publisher._producer is not old


async def test_closing_refuses_who_still_waits(kafka_options, topic_prefix):
    name = await topic(kafka_options, f"{topic_prefix}events")
    publisher = Publisher(kafka_options, name, SECONDS)
    old = await waiting_in(publisher, 0)
    waits = asyncio.create_task(say(publisher, "late"))
    await until(lambda: old._message_accumulator._batches)
    await publisher.close()
    with pytest.raises(StoreUnavailable):
        await waits

    assert list((await words(kafka_options, name)).values()) == ["first"]


async def test_a_repetition_whose_place_the_broker_forgot_is_published_anew(
    kafka_options, topic_prefix, monkeypatch
):
    name = await topic(kafka_options, f"{topic_prefix}events")
    send, forgotten = AIOKafkaProducer.send, []

    async def forgetful(self, *arguments, **fields):
        future = await send(self, *arguments, **fields)
        if forgotten:
            return future
        forgotten.append(await future)
        nowhere = asyncio.get_running_loop().create_future()
        nowhere.set_result(RecordMetadata(name, 0, TopicPartition(name, 0), -1, -1, 0, -1))
        return nowhere

    monkeypatch.setattr(AIOKafkaProducer, "send", forgetful)
    async with publishing(kafka_options, name) as publisher:
        position = await say(publisher, "once more")

    assert position == (0, 1)
    assert (await words(kafka_options, name))[position] == "once more"


async def test_while_the_broker_is_killed_and_back_every_request_ends_with_its_own_place(own_kafka):
    options, engine = own_kafka
    name = await topic(options, "events", 3)
    async with publishing(options, name) as publisher:
        begun = time.monotonic()
        asked = [asyncio.create_task(say(publisher, f"{n}", n % 3)) for n in range(REQUESTS // 2)]
        await asked[0]
        await asyncio.to_thread(engine.stop, SIGKILL)
        asked += [
            asyncio.create_task(say(publisher, f"{n}", n % 3))
            for n in range(REQUESTS // 2, REQUESTS)
        ]
        await asyncio.to_thread(engine.launch)
        await engine.ready()
        ended = await asyncio.gather(*asked, return_exceptions=True)
        took = time.monotonic() - begun
        after = await say(publisher, "after")

    there = await words(options, name)
    placed = {n: each for n, each in enumerate(ended) if not isinstance(each, StoreUnavailable)}
    assert took < SECONDS + SLACK
    assert there[after] == "after"
    assert len(placed) > REQUESTS // 2  # the later half was asked while nobody answered
    assert {n: there[place] for n, place in placed.items()} == {n: f"{n}" for n in placed}
