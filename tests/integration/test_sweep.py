"""The sweep deletes points that no row will ever belong to, and no others."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from consumers.embed import Embed
from pipeline.adapters.memory_vectors import MemoryVectors
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import points
from pipeline.stages.view import decode, open_records
from pipeline.upkeep import durability
from pipeline.upkeep.durability import Sweep
from tests.integration.stages_support import DIM, HashEncoder, event_id, said
from tests.integration.vectors_support import point, uuid_of


class Vectors(MemoryVectors):
    """Open to interference."""


@pytest.fixture
def vectors():
    return Vectors(DIM)


@pytest.fixture
def stage(world, vectors):
    return world.stage(Embed(HashEncoder(), vectors).view())


@pytest.fixture
def sweep(world, vectors):
    return Sweep(world.engine, vectors)


async def embedded(world, stage, count, partition=0):
    users = [said(f"user {partition}", str(n), id=event_id(n)) for n in range(count)]
    await world.publish(*users, partition=partition)
    await world.settle(stage)


def swept():
    return REGISTRY.get_sample_value("tidemark_orphan_points_total") or 0


async def test_a_point_without_a_row_is_deleted_and_those_with_one_stay(
    world, stage, vectors, sweep
):
    await embedded(world, stage, 5)
    mine, before = set(vectors.points), swept()
    await vectors.upsert([point(seed, partition=0, src=4) for seed in range(3)])
    await sweep.run()

    assert vectors.points.keys() == mine
    assert swept() - before == 3


async def test_a_point_whose_event_is_not_settled_yet_stays(world, stage, vectors, sweep):
    """Its row may be on its way: only below the watermark nothing more can come."""
    await embedded(world, stage, 5)
    early = point(1, partition=0, src=5)
    elsewhere = point(2, partition=3, src=0)
    await vectors.upsert([early, elsewhere])
    await sweep.run()

    assert {early.id, elsewhere.id} <= vectors.points.keys()
    await embedded(world, stage, 1, partition=3)
    await sweep.run()
    assert early.id in vectors.points
    assert elsewhere.id not in vectors.points


async def test_a_row_that_is_written_while_the_sweep_waits_keeps_its_point(
    world, stage, vectors, sweep
):
    """The points of a batch are there before its rows are committed."""
    await world.publish(*(said(content=str(n)) for n in range(4)))
    written, go = asyncio.Event(), asyncio.Event()
    upsert = vectors.upsert

    async def slow(batch):
        await upsert(batch)
        written.set()
        await go.wait()

    vectors.upsert = slow
    settling = asyncio.create_task(stage.attempt(0, world.logs.journal[0]))
    await written.wait()
    sweeping = asyncio.create_task(sweep.run())
    await asyncio.wait({sweeping}, timeout=0.2)
    waited = not sweeping.done()
    go.set()
    await asyncio.gather(settling, sweeping)

    assert waited
    assert len(vectors.points) == 4
    assert {row.id for row in await world.rows(points)} == vectors.points.keys()


async def test_a_delete_that_arrives_late_meets_no_new_row(world, stage, vectors, sweep):
    """A sweep that is frozen before its delete loses its lock, and the view goes on."""
    await embedded(world, stage, 2)
    await world.publish(said("user 0", "2", id=event_id(2)))
    orphan = point(9, partition=0, src=1)
    await vectors.upsert([orphan, *await of_a_suspended_worker(world, stage, 2)])
    late, delete = [], vectors.delete_points

    async def frozen(ids):
        late.extend(ids)

    vectors.delete_points = frozen
    await sweep.run()
    await world.settle(stage)
    await delete(late)

    assert late == [orphan.id]
    assert len(vectors.points) == 3
    assert {row.id for row in await world.rows(points)} == vectors.points.keys()


async def of_a_suspended_worker(world, stage, start):
    """Points of records that it never came to commit."""
    opened = await open_records(decode(world.logs.journal[0][start:]), world.keyring)
    made = await stage.view.prepare(opened)
    return [one for some in made.values() for one in some]


async def test_a_sweep_goes_through_all_pages(world, stage, vectors, sweep, monkeypatch):
    monkeypatch.setattr(durability, "PAGE", 3)
    await embedded(world, stage, 7)
    mine = set(vectors.points)
    await vectors.upsert([point(seed, partition=0, src=seed % 7) for seed in range(20)])
    await sweep.run()

    assert vectors.points.keys() == mine


async def test_a_removed_row_leaves_its_point_to_the_sweep(world, stage, vectors, sweep):
    await embedded(world, stage, 3)
    gone = min(vectors.points)
    async with transaction(world.engine) as connection:
        await connection.execute(points.delete().where(points.c.id == gone))
    await sweep.run()

    assert gone not in vectors.points
    assert len(vectors.points) == 2


async def test_an_empty_store_is_swept_in_no_time(vectors, sweep):
    await sweep.run()

    assert vectors.points == {}
    assert uuid_of(0) not in vectors.points
