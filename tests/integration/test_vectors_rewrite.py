"""A rewrite leaves nothing deleted in any file, loses nothing live, and disturbs nobody."""

import asyncio
import signal
from contextlib import suppress

import numpy as np
import pytest

from ops.embedded.vectors.config import CollectionConfig
from ops.embedded.vectors.points import parse_upsert
from ops.embedded.vectors.refused import Refused
from ops.embedded.vectors.store import opened
from pipeline.errors import StoreUnavailable
from tests.integration.vectors_support import (
    COLLECTION,
    DIM,
    emptied,
    eventually,
    everything,
    point,
    running,
    store_at,
    uuid_of,
    vector,
)

PID, ERASED = b"p" * 16, b"erased--user-pid"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vectors"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("shared") / "vectors") as vectors:
        yield vectors


@pytest.fixture
async def store(shared):
    async with emptied(shared) as store:
        yield store


def on_disk(path, *needles):
    """Say for each needle whether any file holds it."""
    contents = [file.read_bytes() for file in path.rglob("*") if file.is_file()]
    return [any(needle in content for content in contents) for needle in needles]


def traces(seed):
    """Return what a point may leave behind: its vector as stored, its id, its user."""
    unit = vector(seed) / np.linalg.norm(vector(seed))
    return unit.astype(np.float32)[:4].tobytes(), ERASED.hex().encode()


async def test_erased_points_leave_the_files_only_with_the_rewrite(path):
    live = [point(seed) for seed in range(300)]
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.ensure_collection()
        await store.upsert([*live, *(point(seed, pid=ERASED) for seed in range(1_000, 1_050))])
        before = await everything(store, pid=PID, with_vectors=True)
        await store.delete_user(ERASED, 1)
        deleted = on_disk(path, *traces(1_007))
        kept = await store.rewrite()
        rewritten = on_disk(path, *traces(1_007))
        after = await everything(store, with_vectors=True)
        await store.close()
        vectors.stop()

    assert any(deleted)  # deleting alone is not enough: this is why there is a rewrite
    assert rewritten == [False, False]
    assert on_disk(path, *traces(1_007)) == [False, False]
    assert any(on_disk(path, traces(7)[0]))
    assert kept == 300
    assert after == before
    for old, new in zip(before, after, strict=True):
        assert old.vector @ new.vector == pytest.approx(1, abs=1e-6)


async def test_a_rewritten_collection_survives_restarts_with_its_indexes(path):
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.ensure_collection()
        await store.upsert([point(seed) for seed in range(10)])
        before = (await store.client.get_collection(COLLECTION)).payload_schema
        await store.rewrite()
        await store.rewrite()
        await store.upsert([point(10)])
        vectors.stop(signal.SIGKILL)
        await store.close()
    with running(path) as vectors:
        store = store_at(vectors.url)
        info = await store.client.get_collection(COLLECTION)
        await store.close()

    assert info.points_count == 11
    assert info.payload_schema.keys() == before.keys()
    assert {key: each.params for key, each in info.payload_schema.items()} == {
        key: each.params for key, each in before.items()
    }
    assert len(list((path / "collections" / COLLECTION).glob("shard-*"))) == 1


async def test_writes_during_a_rewrite_are_kept_and_deletes_stay_deleted(store):
    total = 256 * 30
    await store.upsert([point(seed) for seed in range(total)])
    rewriting = asyncio.create_task(store.rewrite())
    fresh, gone = [], set()
    while not rewriting.done():
        seed = len(fresh)
        await store.upsert([point(total + seed), point(seed, role=2)])
        await store.delete_points([uuid_of(total - 1 - seed)])
        fresh.append(total + seed)
        gone.add(uuid_of(total - 1 - seed))
    await rewriting
    found = {stored.id: stored.role for stored in await everything(store)}

    assert len(fresh) > 3
    expected = {uuid_of(seed): 1 for seed in [*range(total), *fresh]}
    expected |= {uuid_of(seed): 2 for seed in range(len(fresh))}
    assert found == {key: role for key, role in expected.items() if key not in gone}


async def test_rewrites_at_the_same_time_follow_each_other(store):
    await store.upsert([point(seed) for seed in range(600)])
    kept = await asyncio.gather(*(store.rewrite() for _ in range(3)))

    assert kept == [600, 600, 600]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_rewrite_that_is_cut_short_changes_nothing(path, number):
    directory = path / "collections" / COLLECTION
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.ensure_collection()
        await store.upsert([point(seed) for seed in range(256 * 24)])
        rewriting = asyncio.create_task(store.rewrite())
        await eventually((directory / "shard-2").exists)
        vectors.stop(number)
        with suppress(StoreUnavailable):
            await rewriting
        await store.close()
    with running(path) as vectors:
        store = store_at(vectors.url)
        counted = await store.count_user(PID, 1)
        await store.close()

    assert counted == 256 * 24
    assert len(list(directory.glob("shard-*"))) == 1


async def test_a_rewrite_that_is_cancelled_is_forgotten(path):
    with opened(path, min_free_bytes=0) as store:
        store.create(COLLECTION, CollectionConfig(size=DIM, distance="Cosine"))
        await store.upsert(COLLECTION, edge_points(range(600)))
        rewriting = asyncio.create_task(store.rewrite(COLLECTION))
        await asyncio.sleep(0)  # the first step is done, the second is not
        with pytest.raises(Refused, match="rewritten"):
            store.drop(COLLECTION)
        rewriting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await rewriting
        await store.upsert(COLLECTION, edge_points(range(600, 610)))
        shards = [each.name for each in store.get(COLLECTION).directory.glob("shard-*")]
        kept = await store.rewrite(COLLECTION)

    assert shards == ["shard-1"]
    assert kept == 610


def edge_points(seeds):
    rows = [{"id": str(uuid_of(seed)), "vector": vector(seed).tolist()} for seed in seeds]
    return parse_upsert({"points": rows}, DIM)


async def test_a_missing_collection_is_not_rewritten(shared):
    store = store_at(shared.url, "missing")

    assert await store.rewrite() is None
    await store.close()
