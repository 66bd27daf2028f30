"""The `vectors` process as its supervisor sees it: starts, refusals to start, stops."""

import asyncio
import signal
import stat
import subprocess
from uuid import uuid4

import orjson
import pytest
from qdrant_client import models

from pipeline.adapters.qdrant import QdrantStore, connect
from pipeline.errors import EXIT_CONFIG, ConfigError, StoreUnavailable
from pipeline.ports import Where
from tests.integration.vectors_support import (
    COLLECTION,
    DIM,
    command,
    everything,
    launch,
    point,
    running,
    store_at,
    until,
    uuid_of,
    vector,
)

PID = b"p" * 16


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vectors"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("shared") / "vectors") as vectors:
        yield vectors


@pytest.fixture
async def absent(shared):
    """Give a store whose collection does not exist."""
    store = store_at(shared.url, f"absent-{uuid4().hex}")
    yield store
    await store.client.delete_collection(store.collection)
    await store.close()


def refused(path, *options):
    """Start what cannot start; return its only line."""
    ended = subprocess.run(
        command(path, *options), capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == EXIT_CONFIG
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def test_a_second_owner_is_refused_in_one_line(path):
    with running(path) as first:
        line = refused(path, "--port", 0)

        assert f"in use by another process ({first.process.pid})" in line


def test_a_taken_port_is_refused_in_one_line(path, tmp_path):
    with running(path) as first:
        line = refused(tmp_path / "other", "--port", first.port)

        assert "Address already in use" in line


def test_the_data_of_another_version_is_refused_in_one_line(path):
    path.mkdir()
    (path / "boot.json").write_bytes(orjson.dumps({"format": 99}))

    assert "another version" in refused(path, "--port", 0)


def test_a_directory_that_cannot_be_made_is_refused_in_one_line(path):
    path.write_text("a file")

    assert "vectors" in refused(path, "--port", 0)


async def test_damaged_data_is_refused_in_one_line(path):
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.ensure_collection()
        await store.close()
        vectors.stop()
    (path / "collections" / COLLECTION / "config.json").write_text("{}")

    assert "cannot be opened" in refused(path, "--port", 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(path, number):
    with running(path) as vectors:
        code = vectors.stop(number)

        assert code == 0
        assert orjson.loads((path / "boot.json").read_bytes())["clean"] is True


async def test_a_stop_does_not_wait_for_idle_connections(path):
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.reachable()
        code = vectors.stop()

        assert code == 0
        await store.close()


async def test_points_and_configuration_survive_a_restart(path):
    points = [point(seed) for seed in range(300)]
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.ensure_collection()
        await store.upsert(points)
        before = await store.client.get_collection(COLLECTION)
        await store.close()
        vectors.stop()
    with running(path) as vectors:
        store = store_at(vectors.url)
        created = await store.ensure_collection()
        after = await store.client.get_collection(COLLECTION)
        hits = await store.search(PID, 1, vector(7), 1, Where())
        await store.close()

    assert created is False
    assert after.config == before.config
    assert after.payload_schema == before.payload_schema
    assert after.points_count == 300
    assert hits[0].id == uuid_of(7)


async def test_it_serves_on_a_unix_socket_of_the_owner_alone(path, tmp_path):
    socket = tmp_path / "s"
    socket.touch()  # left by a killed process
    process, log = launch(path, "--uds", socket)
    store = QdrantStore(connect(f"unix://{socket}"), COLLECTION, DIM)
    try:
        until(lambda: "serving on" in log.read_text())
        await store.ensure_collection()
        await store.upsert([point(1)])

        assert await store.count_user(PID, 1) == 1
        assert stat.S_IMODE(socket.lstat().st_mode) & 0o077 == 0
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0
    finally:
        await store.close()
        process.terminate()
        process.wait(timeout=60)


async def test_a_nearly_full_disk_refuses_writes_and_still_reads_and_deletes(path):
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.ensure_collection()
        await store.upsert([point(1), point(2)])
        await store.close()
        vectors.stop()
    with running(path, "--min-free-mb", 10**9) as vectors:
        store = store_at(vectors.url)
        with pytest.raises(StoreUnavailable, match="507"):
            await store.upsert([point(3)])
        await store.delete_points([uuid_of(1)])

        assert [each.id for each in await everything(store)] == [uuid_of(2)]
        await store.close()


async def test_a_suspended_process_is_unavailable_and_comes_back_whole(path):
    with running(path) as vectors:
        store = store_at(vectors.url)
        hasty = store_at(vectors.url, timeout=1)
        await store.ensure_collection()
        await store.upsert([point(seed) for seed in range(100)])
        vectors.process.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreUnavailable):
            await hasty.search(PID, 1, vector(1), 1, Where())
        with pytest.raises(StoreUnavailable):
            await hasty.upsert([point(200)])
        vectors.process.send_signal(signal.SIGCONT)
        await store.upsert([point(200)])

        assert await store.count_user(PID, 1) == 101
        await store.close()
        await hasty.close()


async def test_a_process_that_is_gone_is_unavailable_and_the_same_store_finds_the_next(path):
    with running(path) as first:
        store = store_at(first.url)
        await store.ensure_collection()
        await store.upsert([point(1)])
        first.stop(signal.SIGKILL)
        with pytest.raises(StoreUnavailable):
            await store.reachable()
        with running(path, port=first.port):
            await store.reachable()

            assert await store.count_user(PID, 1) == 1
        await store.close()


@pytest.mark.parametrize(("dim", "distance"), [(DIM * 2, "Cosine"), (DIM, "Dot")])
async def test_a_collection_that_does_not_fit_is_refused_with_the_command(absent, dim, distance):
    params = models.VectorParams(size=dim, distance=models.Distance(distance))
    await absent.client.create_collection(absent.collection, params)

    with pytest.raises(ConfigError, match="tidemark reembed"):
        await absent.ensure_collection()


async def test_a_field_indexed_otherwise_is_refused(absent):
    params = models.VectorParams(size=DIM, distance=models.Distance.COSINE)
    await absent.client.create_collection(absent.collection, params)
    await absent.client.create_payload_index(absent.collection, "pid", "integer")

    with pytest.raises(ConfigError, match="pid"):
        await absent.ensure_collection()


async def test_processes_that_start_together_make_one_collection(absent):
    created = await asyncio.gather(*(absent.ensure_collection() for _ in range(4)))

    assert created.count(True) == 1


async def test_a_missing_collection_waits_instead_of_blaming_the_record(absent):
    with pytest.raises(StoreUnavailable, match="does not exist"):
        await absent.upsert([point(1)])


async def test_half_made_and_half_dropped_collections_are_removed_at_the_start(path):
    with running(path) as vectors:
        store = store_at(vectors.url)
        await store.ensure_collection()
        await store.close()
        vectors.stop()
    (path / "collections" / COLLECTION / "config.json").unlink()
    with running(path) as vectors:
        store = store_at(vectors.url)

        assert await store.ensure_collection() is True
        assert await store.count_user(PID, 1) == 0
        await store.close()


def test_it_loads_neither_torch_nor_the_client(path):
    code = "import sys, ops.embedded.vectors.__main__; print(*sys.modules)"
    modules = subprocess.run(
        [command(path)[0], "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"torch", "qdrant_client", "numpy", "grpc"} & set(modules)
