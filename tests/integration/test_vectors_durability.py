"""No acknowledged point is lost to kill -9, and the flush contract tells the rest."""

import asyncio
import random
import signal

import pytest

from pipeline.adapters.qdrant import wire
from pipeline.errors import StoreUnavailable
from pipeline.ports import FlushState, Where
from tests.integration.vectors_support import (
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

PID = b"p" * 16


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vectors"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("shared") / "vectors", "--flush-every", 100) as vectors:
        yield vectors


@pytest.fixture
async def store(shared):
    async with emptied(shared) as store:
        yield store


async def write_until_killed(store, seeds, acknowledged):
    """Upsert batch after batch; note what was answered."""
    while True:
        batch = [next(seeds) for _ in range(32)]
        try:
            await store.upsert([point(seed) for seed in batch])
        except StoreUnavailable:
            return
        acknowledged.update(batch)


@pytest.mark.parametrize("flush_every", [100, 10**9], ids=["flushing", "never flushed"])
async def test_kill_9_under_load_loses_no_acknowledged_point(path, flush_every):
    seeds, acknowledged, deleted = iter(range(10**6)), set(), set()
    chance = random.Random(4)
    for _ in range(4):
        with running(path, "--flush-every", flush_every) as vectors:
            store = store_at(vectors.url)
            await store.ensure_collection()
            present = {stored.id for stored in await everything(store)}
            assert {uuid_of(seed) for seed in acknowledged} <= present
            assert not {uuid_of(seed) for seed in deleted} & present
            gone = set(chance.sample(sorted(acknowledged), len(acknowledged) // 3))
            await store.delete_points([uuid_of(seed) for seed in gone])
            acknowledged -= gone
            deleted |= gone
            target = len(acknowledged) + chance.randrange(100, 600)
            writers = [write_until_killed(store, seeds, acknowledged) for _ in range(3)]
            killer = kill_once(vectors, lambda: len(acknowledged) >= target)  # noqa: B023
            await asyncio.gather(*writers, killer)
            await store.close()
    with running(path) as vectors:
        store = store_at(vectors.url)
        present = {stored.id: stored for stored in await everything(store, with_vectors=True)}
        await store.close()

    assert len(acknowledged) > 300
    assert {uuid_of(seed) for seed in acknowledged} <= present.keys()
    assert not {uuid_of(seed) for seed in deleted} & present.keys()
    for seed in acknowledged:
        assert abs(present[uuid_of(seed)].vector @ vector(seed)) > 0.999 * norm(seed)


def norm(seed):
    return float((vector(seed) @ vector(seed)) ** 0.5)


async def kill_once(vectors, ready):
    await eventually(ready)
    vectors.stop(signal.SIGKILL)


async def test_the_disk_is_reached_after_so_many_points(store):
    await store.flush()
    await store.upsert([point(seed) for seed in range(99)])
    before = await store.flush_state()
    await store.upsert([point(99)])
    after = await store.flush_state()

    assert before.flushed_seq == before.seq - 1
    assert after.flushed_seq == after.seq == before.seq + 1


async def test_a_flush_on_request_reaches_everything_answered(store):
    await store.flush()
    await store.upsert([point(1)])
    before = await store.flush_state()
    flushed = await store.flush()

    assert before.flushed_seq < before.seq
    assert flushed == FlushState(before.store_id, before.boot_id, before.seq, before.seq)


async def test_erasing_a_user_reaches_the_disk_before_it_is_answered(store):
    await store.upsert([point(1)])
    await store.delete_user(PID, 1)
    state = await store.flush_state()

    assert state.flushed_seq == state.seq


async def test_a_clean_stop_keeps_the_boot_and_its_counting(path):
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.ensure_collection()
        await store.upsert([point(1)])
        before = await store.flush_state()
        await store.close()
        vectors.stop()
    with running(path) as vectors:
        store = store_at(vectors.url)
        after = await store.flush_state()
        await store.close()

    assert after == FlushState(before.store_id, before.boot_id, before.seq, before.seq)


async def test_any_other_stop_makes_a_new_boot_even_when_a_clean_one_follows(path):
    states = []
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGTERM):
        with running(path) as vectors:
            store = store_at(vectors.url)
            states.append(await store.flush_state())
            await store.close()
            vectors.stop(number)
    first, second, third = states

    assert second.boot_id != first.boot_id
    assert third.boot_id == second.boot_id
    assert {state.store_id for state in states} == {first.store_id}


async def test_another_directory_is_another_store(tmp_path):
    ids = set()
    for name in ("one", "two"):
        with running(tmp_path / name) as vectors:
            store = store_at(vectors.url)
            ids.add((await store.flush_state()).store_id)
            await store.close()

    assert len(ids) == 2


async def test_searches_during_upserts_are_complete(store):
    stable = b"s" * 16
    await store.upsert([point(seed, pid=stable) for seed in range(50)])
    writer = asyncio.create_task(
        store.upsert([point(seed) for seed in range(1_000, 1_000 + 256 * 12)])
    )
    answered = 0
    while not writer.done():
        hits = await store.search(stable, 1, vector(answered % 50), 50, Where())
        assert hits[0].id == uuid_of(answered % 50)
        assert len(hits) == 50
        answered += 1
    await writer

    assert answered > 3
    assert await store.count_user(PID, 1) == 256 * 12


async def test_others_wait_for_a_batch_not_for_a_whole_request(store):
    payload = wire.payload_of(point(0, pid=PID))
    rows = [
        {"id": str(uuid_of(seed)), "vector": [1.0] * DIM, "payload": payload}
        for seed in range(8_000)
    ]
    whole = store.client.http.client.request(
        type_=dict,
        method="PUT",
        url=f"/collections/{store.collection}/points",
        json={"points": rows},
    )
    writer = asyncio.create_task(whole)
    seen = set()
    while not writer.done():
        seen.add(await store.count_user(PID, 1))
    await writer

    assert any(0 < count < 8_000 for count in seen)
