"""After a power cut, the vectors' disk gets back what PostgreSQL says was embedded, and no more."""

import shutil
import signal
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from consumers.embed import Embed
from pipeline.adapters.memory_vectors import MemoryVectors
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import flushed, points, quarantines
from pipeline.adapters.qdrant import QdrantStore, connect
from pipeline.ports import FlushState
from pipeline.upkeep.durability import Checkpoints
from pipeline.worker import view_stage
from tests.integration.stages_support import (
    DIM,
    HashEncoder,
    event_id,
    mirror,
    resources_of,
    said,
)
from tests.integration.test_quarantine import flipped
from tests.integration.vectors_support import everything, running
from tests.kafka_records import topic

PARTITIONS = 2


class Disk(MemoryVectors):
    """Answers writes before they are on disk, and loses the others when the power goes."""

    def __init__(self) -> None:
        super().__init__(DIM)
        self.disk, self.store, self.boot = {}, "store", "boot"

    async def flush_state(self):
        return FlushState(self.store, self.boot, len(self.points), len(self.disk))

    async def flush(self):
        self.disk = dict(self.points)
        return await self.flush_state()

    def lose_power(self):
        self.points, self.boot = dict(self.disk), uuid4().hex


@pytest.fixture
async def resources(world, kafka_options, topic_prefix):
    resources = resources_of(world, kafka_options, topic_prefix)
    await topic(kafka_options, resources.topics.journal, partitions=PARTITIONS)
    return resources


@pytest.fixture
def encoder():
    return HashEncoder()


@pytest.fixture
def disk():
    return Disk()


def checkpoints_of(resources, encoder, vectors):
    stage = view_stage(resources, Embed(encoder, vectors).view())
    return Checkpoints(stage, resources.kafka, vectors, vectors, PARTITIONS)


@pytest.fixture
def checkpoints(resources, encoder, disk):
    return checkpoints_of(resources, encoder, disk)


async def embedded(world, checkpoints, *values, partition=0):
    await world.publish(*values, partition=partition)
    await world.settle(checkpoints.stage)
    stage = checkpoints.stage
    await mirror(world, checkpoints.journal, stage.topic)


def talk(start, end):
    return [said("ana", f"text {n}", id=event_id(n)) for n in range(start, end)]


async def kept(world):
    return [(row.partition, row.next, row.boot) for row in await world.rows(flushed)]


async def test_a_checkpoint_keeps_the_positions_whose_points_are_on_disk(
    world, checkpoints, disk, encoder
):
    await checkpoints.checkpoint()
    start = await kept(world)
    await embedded(world, checkpoints, *talk(0, 5))
    encoded = len(encoder.texts)
    await checkpoints.checkpoint()

    assert start == [(0, 0, "store/boot"), (1, 0, "store/boot")]
    assert await kept(world) == [(0, 5, "store/boot"), (1, 0, "store/boot")]
    assert disk.disk == disk.points
    assert len(disk.disk) == encoded == len(encoder.texts) == 5


async def test_a_lost_tail_is_written_again_and_nothing_else(world, checkpoints, disk, encoder):
    await checkpoints.checkpoint()
    await embedded(world, checkpoints, *talk(0, 3))
    await checkpoints.checkpoint()
    await embedded(world, checkpoints, *talk(3, 6))
    await embedded(world, checkpoints, said("ben", "b", id=event_id("b")), partition=1)
    whole = dict(disk.points)
    disk.lose_power()
    lost, encoder.texts = whole.keys() - disk.points.keys(), []
    await checkpoints.checkpoint()

    assert len(lost) == 4
    assert disk.points == whole == disk.disk
    assert encoder.texts == ["text 3", "text 4", "text 5", "b"]
    assert {boot for _, _, boot in await kept(world)} == {f"store/{disk.boot}"}


async def test_an_unclean_start_without_a_checkpoint_writes_everything_again(
    world, checkpoints, disk
):
    await embedded(world, checkpoints, *talk(0, 4))
    whole = dict(disk.points)
    disk.lose_power()
    await checkpoints.checkpoint()

    assert disk.points == whole


async def test_another_data_directory_gets_everything_from_the_start(world, checkpoints, disk):
    await embedded(world, checkpoints, *talk(0, 4))
    await checkpoints.checkpoint()
    whole = dict(disk.points)
    disk.points, disk.disk, disk.store, disk.boot = {}, {}, "another", "boot"
    await checkpoints.checkpoint()

    assert disk.points == whole


async def test_what_was_removed_meanwhile_stays_removed(world, checkpoints, disk, encoder):
    await checkpoints.checkpoint()
    await embedded(world, checkpoints, *talk(0, 3))
    removed = points.c.event_id == UUID(event_id(1))
    async with transaction(world.engine) as connection:
        await connection.execute(points.delete().where(removed))
    disk.lose_power()
    encoder.texts = []
    await checkpoints.checkpoint()

    assert len(disk.points) == 2
    assert encoder.texts == ["text 0", "text 2"]


async def test_a_record_that_was_set_aside_does_not_stop_the_repair(world, checkpoints, disk):
    await world.publish(*talk(0, 5))
    journal = world.logs.journal[0]
    journal[2] = flipped(journal[2])
    journal += [replace(one, offset=one.offset + 5) for one in journal]  # as after a crash
    await embedded(world, checkpoints)
    disk.lose_power()
    await checkpoints.checkpoint()

    assert [row.offset for row in await world.rows(quarantines["embed"])] == [2]
    assert len(disk.points) == 4
    assert (await kept(world))[0][:2] == (0, 10)


async def test_a_store_that_started_anew_during_the_flush_is_not_trusted(world, checkpoints, disk):
    await checkpoints.checkpoint()
    before = await kept(world)
    await embedded(world, checkpoints, *talk(0, 2))
    flush = disk.flush

    async def loses_power():
        disk.lose_power()
        return await flush()

    disk.flush = loses_power
    await checkpoints.checkpoint()
    after, disk.flush = await kept(world), flush
    await checkpoints.checkpoint()

    assert after == before
    assert len(disk.points) == 2
    assert (await kept(world))[0] == (0, 2, f"store/{disk.boot}")


async def test_a_server_keeps_itself_and_needs_no_checkpoints(world, resources, encoder):
    class Server(MemoryVectors):
        async def flush_state(self):
            return None

    checkpoints = checkpoints_of(resources, encoder, Server(DIM))
    await embedded(world, checkpoints, *talk(0, 2))
    await checkpoints.checkpoint()

    assert await kept(world) == []


async def test_a_vectors_directory_that_lost_its_tail_is_made_whole(
    world, resources, encoder, tmp_path
):
    """The real engine: its directory is put back to what was surely on disk."""
    path, saved = tmp_path / "vectors", tmp_path / "saved"
    with running(path, "--flush-every", 10**9) as process:
        store = QdrantStore(connect(process.url), "tail", DIM)
        await store.ensure_collection()
        checkpoints = checkpoints_of(resources, encoder, store)
        await embedded(world, checkpoints, *talk(0, 20))
        await checkpoints.checkpoint()
        shutil.copytree(path, saved)
        await embedded(world, checkpoints, *talk(20, 35))
        whole = await everything(store)
        await store.close()
        process.stop(signal.SIGKILL)
    shutil.rmtree(path)
    saved.rename(path)
    with running(path) as process:
        store = QdrantStore(connect(process.url), "tail", DIM)
        left = await everything(store)
        encoder.texts = []
        await checkpoints_of(resources, encoder, store).checkpoint()
        repaired = await everything(store)
        await store.close()

    assert (len(whole), len(left)) == (35, 20)
    assert repaired == whole
    assert encoder.texts == [f"text {n}" for n in range(20, 35)]
