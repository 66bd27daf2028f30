"""Producers as they come: another partitioner, transactions, retries; nothing lost or doubled."""

from collections import defaultdict
from zlib import crc32

import orjson
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

from pipeline.adapters.kafka import client_arguments
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import subjects
from pipeline.domain.identity import murmur2_partition
from tests.integration.pipeline_support import dead_letters, light_settled, messages_of, pid
from tests.integration.stages_support import event_id, said
from tests.kafka_records import read_all
from tests.pipeline_processes import LIGHT, running_pipeline
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARTITIONS = 6
USERS = [f"user {n}" for n in range(12)]
STRAYS = [
    user
    for user in USERS
    if crc32(user.encode()) % PARTITIONS != murmur2_partition(user.encode(), PARTITIONS)
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pipeline(pipeline_servers):
    async with running_pipeline(*pipeline_servers, start={"light": LIGHT}) as pipeline:
        yield pipeline


def by_librdkafka(pipeline, *events):
    """Publish as a client that was configured with nothing but an address."""
    producer = Producer({"bootstrap.servers": pipeline.settings.kafka_bootstrap_servers})
    for event in events:
        producer.produce(pipeline.topics.events, orjson.dumps(event), key=event["user_id"])
    assert producer.flush(30) == 0


async def contents(pipeline, user):
    return [message.content for message in await messages_of(pipeline, user)]


async def homes(pipeline):
    async with transaction(pipeline.engine) as connection:
        rows = await connection.execute(subjects.select())
        return {row.pid: row.home for row in rows}


async def test_a_client_that_hashes_keys_with_crc32_keeps_every_users_order(pipeline):
    first = [said(user, f"{n}") for n in range(5) for user in USERS]
    await pipeline.publish(*first)
    await light_settled(pipeline)
    by_librdkafka(pipeline, *(said(user, f"{n}") for n in range(5, 15) for user in USERS))
    await light_settled(pipeline)
    await pipeline.publish(*(said(user, f"{n}") for n in range(15, 20) for user in USERS))
    await light_settled(pipeline)
    by_librdkafka(pipeline, *(said(user, "20") for user in USERS))
    await light_settled(pipeline)

    assert len(STRAYS) > 3
    for user in USERS:
        assert await contents(pipeline, user) == [str(n) for n in range(21)]
    home = await homes(pipeline)
    assert {user: home[pid(pipeline, user)] for user in USERS} == {
        user: murmur2_partition(user.encode(), PARTITIONS) for user in USERS
    }
    partitions = defaultdict(set)
    for record in await read_all(pipeline.kafka, pipeline.topics.journal):
        partitions[record.key].add(record.partition)
    assert all(partitions[pid(pipeline, user)] == {home[pid(pipeline, user)]} for user in USERS)
    assert "partitioner=murmur2_random" in pipeline.log("light").read_text()


async def test_a_user_first_seen_elsewhere_lives_there(pipeline):
    (user,) = [user for user in (f"late {n}" for n in range(99)) if _strays(user)][:1]
    by_librdkafka(pipeline, *(said(user, f"{n}") for n in range(3)))
    await light_settled(pipeline)
    await pipeline.publish(*(said(user, f"{n}") for n in range(3, 6)))
    await light_settled(pipeline)

    assert (await homes(pipeline))[pid(pipeline, user)] == crc32(user.encode()) % PARTITIONS
    assert await contents(pipeline, user) == [str(n) for n in range(6)]


def _strays(user):
    return crc32(user.encode()) % PARTITIONS != murmur2_partition(user.encode(), PARTITIONS)


async def test_the_same_event_through_fifty_partitions_and_clients_is_one(pipeline):
    event = said("often", id=event_id("often"))
    for n in range(25):
        await pipeline.publish(event, partition=n % PARTITIONS)
        by_librdkafka(pipeline, event)
    await light_settled(pipeline)

    assert await contents(pipeline, "often") == ["hello"]


async def in_a_transaction(pipeline, user, *texts, commit):
    options = client_arguments(pipeline.kafka)
    async with AIOKafkaProducer(**options, transactional_id=f"of {user} {texts[0]}") as producer:
        await producer.begin_transaction()
        for text in texts:
            await producer.send_and_wait(
                pipeline.topics.events,
                orjson.dumps(said(user, text)),
                key=user.encode(),
                partition=2,
            )
        await (producer.commit_transaction() if commit else producer.abort_transaction())


async def test_of_foreign_transactions_only_the_committed_count(pipeline):
    await pipeline.publish(said("trans", "before"), partition=2)
    await in_a_transaction(pipeline, "trans", "a0", "a1", commit=False)
    await in_a_transaction(pipeline, "trans", "c0", "c1", commit=True)
    await in_a_transaction(pipeline, "trans", "a2", commit=False)
    await pipeline.publish(said("trans", "after"), partition=2)
    await light_settled(pipeline)

    assert await contents(pipeline, "trans") == ["before", "c0", "c1", "after"]
    assert await dead_letters(pipeline) == []


async def test_marks_of_transactions_at_the_end_leave_no_lag_and_no_loss(pipeline):
    await in_a_transaction(pipeline, "marks", "c0", commit=True)
    await in_a_transaction(pipeline, "marks", "a0", commit=False)
    await light_settled(pipeline)
    await pipeline.kill("light")
    pipeline.start("light")
    await pipeline.publish(said("marks", "after"), partition=2)
    await until(lambda: _has(pipeline, "marks", "after"), seconds=60)

    assert await contents(pipeline, "marks") == ["c0", "after"]


async def _has(pipeline, user, text):
    return text in await contents(pipeline, user)
