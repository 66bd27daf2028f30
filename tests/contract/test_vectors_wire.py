"""What the `vectors` process understands: the unmodified client, and Qdrant's filters."""

import warnings
from uuid import UUID, uuid4

import pytest
from qdrant_client import AsyncQdrantClient, models

from tests.contract.wire_support import WIRE, A, B, ids, put_points

COSINE = models.VectorParams(size=4, distance=models.Distance.COSINE)


@pytest.fixture
async def client(vectors):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = AsyncQdrantClient(url=vectors.url, timeout=60)
        yield client
        await client.close()


@pytest.fixture
async def collection(client):
    name = f"client-{uuid4().hex}"
    await client.create_collection(
        name, COSINE, hnsw_config=models.HnswConfigDiff(m=0, payload_m=16)
    )
    yield name
    await client.delete_collection(name)


async def test_the_client_makes_and_describes_a_collection(client, collection):
    tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    await client.create_payload_index(collection, "pid", tenant)
    await client.create_payload_index(collection, "day", models.PayloadSchemaType.INTEGER)
    info = await client.get_collection(collection)
    listed = await client.get_collections()

    assert await client.collection_exists(collection)
    assert collection in [each.name for each in listed.collections]
    assert info.config.params.vectors == COSINE
    assert (info.config.hnsw_config.m, info.config.hnsw_config.payload_m) == (0, 16)
    assert info.config.optimizer_config.flush_interval_sec == 0
    assert info.points_count == 0
    assert info.payload_schema["pid"].params == tenant
    assert info.payload_schema["day"].data_type == models.PayloadSchemaType.INTEGER


async def test_the_client_deletes_a_collection_once(client):
    name = f"client-{uuid4().hex}"
    await client.create_collection(name, COSINE)

    assert await client.delete_collection(name) is True
    assert await client.delete_collection(name) is False
    assert not await client.collection_exists(name)


async def test_the_client_writes_rows_and_columns_and_reads_them(client, collection):
    rows = [models.PointStruct(id=A, vector=[1, 0, 0, 0], payload={"day": 1})]
    columns = models.Batch(ids=[B], vectors=[[0, 1, 0, 0]], payloads=[{"day": 2}])
    first = await client.upsert(collection, rows)
    second = await client.upsert(collection, columns)
    records = await client.retrieve(collection, [A, B], with_vectors=True)
    page, following = await client.scroll(collection, limit=1)

    assert first.status == second.status == models.UpdateStatus.COMPLETED
    assert second.operation_id > first.operation_id
    assert {each.id: (each.payload, each.vector) for each in records} == {
        A: ({"day": 1}, [1, 0, 0, 0]),
        B: ({"day": 2}, [0, 1, 0, 0]),
    }
    assert [page[0].id, following] == sorted([A, B])


async def test_the_client_queries_counts_and_deletes(client, collection):
    batch = models.Batch(
        ids=[A, B], vectors=[[1, 0, 0, 0], [0, 1, 0, 0]], payloads=[{"day": 1}, {"day": 2}]
    )
    await client.upsert(collection, batch)
    late = models.Filter(
        must=[models.FieldCondition(key="day", range=models.Range(gte=2))],
        must_not=[models.HasIdCondition(has_id=[A])],
    )
    near = await client.query_points(collection, [1, 0, 0, 0], limit=2, with_vectors=True)
    request = models.QueryRequest(query=[1, 0, 0, 0], filter=late, limit=5, with_payload=["day"])
    (batched,) = await client.query_batch_points(collection, [request])
    counted = await client.count(collection, late)
    await client.delete(collection, models.FilterSelector(filter=late))
    await client.delete(collection, models.PointIdsList(points=[str(uuid4())]))

    assert [(each.id, each.vector) for each in near.points] == [
        (A, [1, 0, 0, 0]),
        (B, [0, 1, 0, 0]),
    ]
    assert [(each.id, each.payload) for each in batched.points] == [(B, {"day": 2})]
    assert counted.count == 1
    assert [each.id for each in (await client.scroll(collection))[0]] == [A]


async def test_the_version_is_one_the_client_accepts(client):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client._client._check_compatibility(client._client.rest_uri, {}, None, 60)

    assert (await client.info()).version.startswith("1.")


async def test_of_equal_ids_in_a_batch_the_last_wins(wire):
    new = str(uuid4())
    await put_points(
        wire,
        points=[
            {"id": new, "vector": [1, 0, 0, 0], "payload": {"day": 1}},
            {"id": new.upper(), "vector": [0, 0, 1, 0], "payload": {"day": 2}},
        ],
    )
    answer = await wire.post(f"{WIRE}/points", json={"ids": [new], "with_vector": True})

    assert answer.json()["result"] == [{"id": new, "payload": {"day": 2}, "vector": [0, 0, 1, 0]}]


async def test_ids_are_answered_as_uuid_strings(wire):
    new = uuid4()
    await put_points(wire, batch={"ids": [new.hex], "vectors": [[0, 0, 0, 1]]})

    assert str(new) in await ids(wire)


async def test_an_empty_has_id_matches_nothing(wire):
    assert await ids(wire, must=[{"has_id": []}]) == set()
    assert await ids(wire, must_not=[{"has_id": []}]) == {A, B}


async def test_an_empty_any_matches_nothing(wire):
    assert await ids(wire, must=[{"key": "pid", "match": {"any": []}}]) == set()


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"key": "pid", "match": {"value": "a"}}, {A}),
        ({"key": "pid", "match": {"any": ["a", "b", "c"]}}, {A, B}),
        ({"key": "pid", "match": {"except": ["a"]}}, {B}),
        ({"key": "day", "match": {"value": 2}}, {B}),
        ({"key": "day", "range": {"gte": 2.0, "lte": 2.0}}, {B}),
        ({"key": "day", "range": {"gt": 1}}, {B}),
        ({"key": "day", "range": {"lt": 2}}, {A}),
        ({"has_id": [B, str(UUID(int=9))]}, {B}),
        ({"should": [{"has_id": [A]}, {"has_id": [B]}]}, {A, B}),
        ({"must_not": {"has_id": [A]}}, {B}),
    ],
)
async def test_conditions_mean_what_qdrant_means(wire, condition, expected):
    assert await ids(wire, must=[condition]) == expected
    assert await ids(wire, must=condition) == expected


async def test_reindexing_with_another_type_is_refused(wire):
    first = await wire.put(f"{WIRE}/index", json={"field_name": "n", "field_schema": "integer"})
    again = await wire.put(f"{WIRE}/index", json={"field_name": "n", "field_schema": "integer"})
    other = await wire.put(f"{WIRE}/index", json={"field_name": "n", "field_schema": "keyword"})

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 400)


async def test_a_score_threshold_and_an_offset_narrow_a_query(wire):
    body = {"query": [1, 0.1, 0, 0], "score_threshold": 0.5, "with_payload": True}
    near = (await wire.post(f"{WIRE}/points/query", json=body)).json()["result"]["points"]
    body = {"query": {"nearest": [1, 0.1, 0, 0]}, "offset": 1}
    rest = (await wire.post(f"{WIRE}/points/query", json=body)).json()["result"]["points"]

    assert [(each["id"], each["payload"]) for each in near] == [(A, {"pid": "a", "day": 1})]
    assert [each["id"] for each in rest] == [B]


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
async def test_health_is_answered(http, path):
    assert (await http.get(path)).status_code == 200
