"""Starting, stopping and filling a `vectors` process of a test's own."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np

from pipeline.adapters.qdrant import QdrantStore, connect
from pipeline.ports import Point

DIM = 16
PATIENCE = 60
COLLECTION = "tidemark-test-16-rotated"
SERVING = re.compile(r"serving on \('127\.0\.0\.1', (\d+)\)")


@dataclass
class Vectors:
    """A running process, its data directory and the log of this start."""

    process: subprocess.Popen
    path: Path
    log: Path
    port: int

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self, number=signal.SIGTERM):
        """Send a signal, wait for the end, return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)


def command(path, *options):
    return [sys.executable, "-m", "ops.embedded.vectors", "--path", str(path), *map(str, options)]


def start(path, *options, port=0):
    """Start a process over `path` and return once it serves."""
    process, log = launch(path, "--port", port, *options)
    return Vectors(process, path, log, int(until(lambda: _port(process, log))))


def launch(path, *options):
    """Start a process; return it and its log."""
    log = path.with_name(f"{path.name}-{uuid4().hex[:8]}.log")
    with log.open("wb") as sink:
        return subprocess.Popen(command(path, *options), stderr=sink, stdout=sink), log


def _port(process, log):
    found = SERVING.search(log.read_text())
    assert found or process.poll() is None, log.read_text()
    return found and found[1]


@contextmanager
def running(path, *options, port=0):
    """Run a process over `path`; afterwards it is gone, whatever happened to it."""
    vectors = start(path, *options, port=port)
    try:
        yield vectors
    finally:
        if vectors.process.poll() is None:
            vectors.stop(signal.SIGKILL)


def until(condition, seconds=PATIENCE):
    """Return the first true value of `condition`, asked again and again."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)
    return value


def store_at(url, collection=COLLECTION, timeout=PATIENCE):
    return QdrantStore(connect(url, timeout=timeout), collection, DIM)


def vector(seed, dim=DIM):
    return np.random.default_rng(seed).standard_normal(dim).astype(np.float32)


def point(seed, **labels):
    """Make a point whose id and vector follow from `seed`."""
    defaults = {
        "id": uuid_of(seed),
        "vector": vector(seed),
        "pid": b"p" * 16,
        "epoch": 1,
        "kind": 1,
        "role": 1,
        "conversation": b"c" * 8,
        "channel": b"h" * 8,
        "day": 20_000,
        "partition": 3,
        "src": 70,
    }
    return Point(**{**defaults, **labels})


def uuid_of(seed):
    return UUID(int=(seed + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128)


@asynccontextmanager
async def emptied(vectors):
    """Give the store of a shared process and leave it empty: making a collection takes a second."""
    store = store_at(vectors.url)
    await store.ensure_collection()
    try:
        yield store
    finally:
        await store.delete_points([stored.id for stored in await everything(store)])
        await store.close()


async def eventually(condition, seconds=PATIENCE):
    """Wait until `condition` is true while the loop goes on."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  what is awaited happens in another process
            await asyncio.sleep(0.001)


async def everything(store, limit=500, **options):
    """Read all points of a store, page by page."""
    found, after, first = [], None, True
    while first or after is not None:
        page = await store.scroll(after, limit, **options)
        found += page.points
        after, first = page.after, False
    return found
