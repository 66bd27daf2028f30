"""Many partitions over few connections: nobody waits for a connection that another holds."""

import asyncio
from dataclasses import replace

import pytest

from consumers import persist, usage
from consumers.embed import Embed
from pipeline.adapters.memory_vectors import MemoryVectors
from pipeline.adapters.postgres import engine as module
from pipeline.adapters.postgres import watermarks as locking
from pipeline.adapters.postgres.engine import create_engine, transaction
from pipeline.adapters.postgres.tables import messages, quarantines, watermarks
from pipeline.adapters.postgres.watermarks import lock_view
from pipeline.consume import settle
from pipeline.errors import StoreUnavailable
from pipeline.limited import Limited
from pipeline.metrics import RETRIES
from pipeline.stage import Record
from pipeline.stages.dead_letters import DAY_MS, MOST_DAYS, SealedDeadLetters
from tests.integration.stages_support import DIM, TOPIC, HashEncoder, said, world_at

PARTITIONS = 64


class Buried(list):
    """Where letters go instead of Kafka."""

    async def bury(self, partition, letters):
        self.extend(letters)


@pytest.fixture
async def narrow(world, monkeypatch):
    """The world over a pool of one connection, whose lack is an error at once."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0)
    engine = create_engine(world.url, pool_size=1)
    async for made in _over(world.url, engine):
        yield made
    await engine.dispose()


async def _over(url, engine):
    async with world_at(url) as world:
        await world.engine.dispose()
        world.engine = world.admit.engine = engine
        world.keyring._engine = world.admit.subjects._engine = engine
        yield world


def retries(stage):
    return RETRIES.labels(stage.name)._value.get()


async def settle_all(stage, log, permits):
    before = retries(stage)
    everyone = (settle(Limited(stage, permits), p, records) for p, records in log.items())
    await asyncio.gather(*everyone)
    return retries(stage) - before


async def test_as_many_permits_as_connections_are_enough_for_every_partition(narrow):
    permits = asyncio.Semaphore(1)
    for partition in range(PARTITIONS):
        narrow.logs.publish(said(f"user {partition}"), b"{", partition=partition)
    waited = await settle_all(narrow.admit, narrow.logs.events, permits)
    vectors = MemoryVectors(DIM)
    for view in (persist.VIEW, usage.VIEW, Embed(HashEncoder(), vectors).view()):
        waited += await settle_all(narrow.stage(view), narrow.logs.journal, permits)

    assert waited == 0
    assert len(await narrow.rows(messages)) == len(narrow.logs.buried) == PARTITIONS
    assert len(vectors.points) == PARTITIONS
    assert {len(await narrow.rows(table)) for table in watermarks.values()} == {PARTITIONS}


async def test_records_that_fail_are_set_aside_over_one_connection(narrow):
    for partition in range(PARTITIONS):
        narrow.logs.publish(said(f"user {partition}"), partition=partition)
    await narrow.admit_all()
    for records in narrow.logs.journal.values():
        records[0] = replace(records[0], value=b"{")
    waited = await settle_all(narrow.stage(persist.VIEW), narrow.logs.journal, asyncio.Semaphore(1))

    assert waited == 0
    assert len(await narrow.rows(quarantines["persist"])) == PARTITIONS


async def test_without_permits_partitions_would_wait_for_each_others_connections(narrow):
    for partition in range(PARTITIONS):
        narrow.logs.publish(said(f"user {partition}"), partition=partition)
    attempts = (narrow.admit.attempt(p, records) for p, records in narrow.logs.events.items())
    ended = await asyncio.gather(*attempts, return_exceptions=True)

    assert any(isinstance(each, StoreUnavailable) for each in ended)


async def test_dead_letters_of_more_days_than_are_remembered_need_no_second_connection(narrow):
    letters = Buried()
    narrow.admit.dead_letters = SealedDeadLetters(TOPIC, narrow.engine, narrow.keys, letters)
    records = [
        Record(0, offset, offset * DAY_MS, None, b"{", {}) for offset in range(MOST_DAYS + 6)
    ]

    await narrow.admit.attempt(0, records)

    assert len(letters) == len(records)


async def test_who_ends_a_blocking_session_needs_no_second_connection(world, narrow, monkeypatch):
    monkeypatch.setattr(locking, "LOCK_SECONDS", 0.1)
    held, ended = asyncio.Event(), asyncio.Event()

    async def frozen():
        async with transaction(world.engine) as connection:
            await lock_view(connection, "persist", 0)
            held.set()
            await ended.wait()

    client = asyncio.create_task(frozen())
    await held.wait()
    async with transaction(narrow.engine) as connection:
        await lock_view(connection, "persist", 0)
    ended.set()

    with pytest.raises(StoreUnavailable):
        await client
