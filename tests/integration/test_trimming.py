"""The janitor trims what was admitted long enough ago, and never a record that was not."""

import time

import pytest

from ops.embedded.ports import free_ports
from pipeline.adapters.kafka import (
    KafkaOptions,
    Record,
    delete_records,
    end_offsets,
    idempotent_producer,
    send_closed_batch,
    start_offsets,
)
from pipeline.adapters.kafka.log import KafkaLog
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.watermarks import AdmitMark, advance_admission, lock_admission
from pipeline.errors import FatalError, StoreUnavailable
from pipeline.stage import Record as Incoming
from pipeline.stages.admission import HEARTBEAT
from pipeline.topics import topic_names
from pipeline.upkeep.trimming import Janitor
from tests.integration.pipeline_support import messages_of
from tests.integration.stages_support import said
from tests.kafka_records import read_all, topic
from tests.pipeline_processes import running_pipeline
from tests.waiting import until

HOUR = 3600
EVERYTHING = -60  # seconds of delay, with which even what is written now is old


@pytest.fixture
async def producer(kafka_options):
    producer = idempotent_producer(kafka_options)
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
async def name(kafka_options, topic_prefix):
    """A topic whose records are as old as they say."""
    return await topic(kafka_options, topic_names(topic_prefix).events, partitions=2)


@pytest.fixture
def janitor(kafka_options, name, world, producer):
    return Janitor(kafka_options, name, world.engine, producer, HOUR)


def aged(*hours):
    now = time.time()
    return [Record(b"u", b"v", round((now - ago * HOUR) * 1000)) for ago in hours]


async def admitted(world, partition, next_):
    async with transaction(world.engine) as connection:
        await lock_admission(connection, partition)
        await advance_admission(connection, partition, AdmitMark(next_, next_, 0))


async def starts(janitor):
    return await start_offsets(janitor.options, janitor.topic)


async def ends(janitor):
    return await end_offsets(janitor.options, janitor.topic)


async def test_what_is_not_admitted_is_never_trimmed(janitor, world, producer):
    await send_closed_batch(producer, janitor.topic, 0, aged(9, 8, 7, 6, 5))
    await janitor.trim()
    untouched = await starts(janitor)
    await admitted(world, 0, 3)
    await janitor.trim()

    assert untouched == {0: 0, 1: 0}
    assert await starts(janitor) == {0: 3, 1: 0}


async def test_admitted_records_stay_as_long_as_the_delay(janitor, world, producer):
    await send_closed_batch(producer, janitor.topic, 0, aged(3, 2, 0.5, 0.1))
    await admitted(world, 0, 4)
    await janitor.trim()

    assert await starts(janitor) == {0: 2, 1: 0}
    assert await ends(janitor) == {0: 4, 1: 0}  # what is young will roll the segment itself


async def test_a_quiet_partition_gets_one_heartbeat_and_no_more(janitor, world, producer):
    await send_closed_batch(producer, janitor.topic, 0, aged(3, 2))
    everything = Janitor(janitor.options, janitor.topic, janitor.engine, producer, EVERYTHING)
    for _ in range(4):
        await admitted(world, 0, (await ends(janitor))[0])
        await everything.trim()

    assert await ends(janitor) == {0: 3, 1: 0}
    assert await starts(janitor) == {0: 3, 1: 0}


async def test_a_heartbeat_says_what_it_is_and_nothing_else(janitor, world, producer):
    await send_closed_batch(producer, janitor.topic, 1, aged(2))
    await admitted(world, 1, 1)
    await janitor.trim()

    (record,) = await read_all(janitor.options, janitor.topic)
    assert (record.partition, record.key, record.value) == (1, None, b"")
    assert record.headers == ((HEARTBEAT, b"1"),)


async def test_a_second_round_changes_nothing(janitor, world, producer):
    await send_closed_batch(producer, janitor.topic, 0, aged(3, 2, 0.1))
    await admitted(world, 0, 3)
    await janitor.trim()
    first = await starts(janitor), await ends(janitor)
    await janitor.trim()

    assert (await starts(janitor), await ends(janitor)) == first == ({0: 2, 1: 0}, {0: 3, 1: 0})


async def test_without_kafka_the_janitor_is_put_off(janitor, world, producer):
    away = KafkaOptions(bootstrap=f"127.0.0.1:{free_ports(1)[0]}")

    with pytest.raises(StoreUnavailable):
        await Janitor(away, janitor.topic, world.engine, producer, HOUR).trim()


async def test_a_range_trimmed_before_it_was_admitted_refuses_with_the_command(
    janitor, world, producer, kafka_options, topic_prefix
):
    await send_closed_batch(producer, janitor.topic, 0, aged(3, 2, 1, 0))
    await admitted(world, 0, 1)
    await delete_records(kafka_options, janitor.topic, {0: 3})
    world.admit.log = KafkaLog(kafka_options, topic_names(topic_prefix), producer)
    left = Incoming(0, 3, 0, b"u", b"v", {})

    with pytest.raises(FatalError, match=r"records 1 to 2 .* tidemark topics accept-loss 0"):
        await world.admit.attempt(0, [left])
    with pytest.raises(FatalError, match="accept-loss 0"):
        await world.admit.resume_at(await starts(janitor))


async def test_a_running_admit_trims_behind_itself_and_loses_nothing(pipeline_servers):
    trimming = {"tidemark_trim_delay_seconds": "0", "tidemark_trim_interval_seconds": "1"}
    consumers = {"light": ("consumers", "admit", "persist")}
    async with running_pipeline(*pipeline_servers, start=consumers, **trimming) as pipeline:
        topic_name = pipeline.topics.events
        for n in range(3):
            await pipeline.publish(*(said("ana", f"{n} {i}") for i in range(5)), partition=3)
            end = (await end_offsets(pipeline.kafka, topic_name))[3]

            async def trimmed(end=end):
                return (await start_offsets(pipeline.kafka, topic_name))[3] >= end

            await until(trimmed, seconds=60)

        async def all_there():
            return len(await messages_of(pipeline, "ana")) == 15

        await until(all_there, seconds=60)
        assert pipeline.processes["light"].poll() is None
