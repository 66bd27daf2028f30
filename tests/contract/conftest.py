"""One `vectors` process for the contract suites, reached as a port and as raw HTTP."""

from uuid import uuid4

import httpx
import pytest

from pipeline.adapters.memory_vectors import MemoryVectors
from tests.contract.wire_support import WIRE, A, B, put_points, scroll
from tests.integration.vectors_support import DIM, everything, running, store_at


@pytest.fixture(scope="session")
def vectors(tmp_path_factory):
    with running(tmp_path_factory.mktemp("contract") / "vectors", "--min-free-mb", 1) as process:
        yield process


@pytest.fixture(params=["memory", "qdrant"])
async def new_store(request):
    """Give a store whose collection does not exist yet: in memory, then on the real engine."""
    if request.param == "memory":
        yield MemoryVectors(DIM)
        return
    store = store_at(request.getfixturevalue("vectors").url, f"contract-{uuid4().hex}")
    yield store
    await store.client.delete_collection(store.collection)
    await store.close()


@pytest.fixture(params=["memory", "qdrant"])
async def store(request):
    """Give an empty store. The real one is emptied after each test: making one takes a second."""
    if request.param == "memory":
        yield MemoryVectors(DIM)
        return
    store = store_at(request.getfixturevalue("vectors").url, "contract")
    await store.ensure_collection()
    yield store
    await store.delete_points([stored.id for stored in await everything(store)])
    await store.close()


@pytest.fixture
async def http(vectors):
    async with httpx.AsyncClient(base_url=vectors.url, timeout=60, verify=False) as client:
        yield client


@pytest.fixture
async def wire(http):
    """Reach a collection that holds the points A and B; it is emptied afterwards."""
    made = await http.put(WIRE, json={"vectors": {"size": 4, "distance": "Cosine"}})
    assert made.status_code in (200, 409)
    points = [
        {"id": A, "vector": [1, 0, 0, 0], "payload": {"pid": "a", "day": 1}},
        {"id": B, "vector": [0, 1, 0, 0], "payload": {"pid": "b", "day": 2}},
    ]
    await put_points(http, points=points)
    yield http
    listed = (await scroll(http))["points"]
    await http.post(f"{WIRE}/points/delete", json={"points": [each["id"] for each in listed]})
