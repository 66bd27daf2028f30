"""What the `vectors` process refuses, instead of ignoring it: everything it does not understand."""

from uuid import uuid4

import pytest

from tests.contract.wire_support import WIRE, A, B, ids

NEAREST = {"nearest": [1, 0, 0, 0]}
VECTORS = {"size": 4, "distance": "Cosine"}
ONLY_A = {"must": [{"key": "pid", "match": {"value": "a"}}]}


def filtered(condition):
    return {"query": NEAREST, "filter": {"must": [condition]}}


def on(key, **test):
    return filtered({"key": key, **test})


def one(vector, **more):
    return {"points": [{"id": A, "vector": vector, **more}]}


async def refuse(http, method, path, body, status):
    answer = await http.request(method, path, json=body)

    assert answer.status_code == status, answer.text
    assert answer.json()["status"]["error"]
    assert answer.json()["time"] >= 0
    assert await ids(http) == {A, B}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PATCH", WIRE, 405),
        ("PUT", f"{WIRE}/points/payload", 404),
        ("POST", f"{WIRE}/points/search", 404),
        ("POST", f"{WIRE}/points/recommend", 404),
        ("POST", f"{WIRE}/points/batch", 404),
        ("GET", f"{WIRE}/", 404),
        ("GET", f"{WIRE}?nope=1", 400),
        ("PUT", f"{WIRE}/points?ordering=weak", 400),
    ],
)
async def test_an_unknown_route_or_parameter(wire, method, path, status):
    await refuse(wire, method, path, {}, status)


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("wire", {"vectors": VECTORS}, 409),
        ("-new", {"vectors": VECTORS}, 400),
        (".new", {"vectors": VECTORS}, 400),
        ("..%5Cnew", {"vectors": VECTORS}, 400),
        ("n" * 201, {"vectors": VECTORS}, 400),
        ("new", {}, 400),
        ("new", {"vectors": VECTORS, "shard_number": 2}, 400),
        ("new", {"vectors": {"size": 0, "distance": "Cosine"}}, 400),
        ("new", {"vectors": {"size": 4, "distance": "Nearby"}}, 400),
        ("new", {"vectors": {"size": 4.0, "distance": "Cosine"}}, 400),
        ("new", {"vectors": {"named": VECTORS}}, 400),
        ("new", {"vectors": {**VECTORS, "on_disk": True}}, 400),
        ("new", {"vectors": VECTORS, "hnsw_config": {"m": -1}}, 400),
        ("new", {"vectors": VECTORS, "optimizers_config": {"deleted_threshold": "a"}}, 400),
    ],
)
async def test_a_collection_that_cannot_be(wire, name, body, status):
    await refuse(wire, "PUT", f"/collections/{name}", body, status)


@pytest.mark.parametrize(
    "body",
    [
        {"field_name": "x"},
        {"field_name": "", "field_schema": "keyword"},
        {"field_name": "x[", "field_schema": "keyword"},
        {"field_name": "x", "field_schema": "geo"},
        {"field_name": "x", "field_schema": {"type": "keyword", "range": True}},
        {"field_name": "x", "field_schema": {"type": "integer", "is_tenant": True}},
        {"field_name": "x", "field_schema": {"type": "integer", "on_disk": True}},
        {"field_name": "x", "field_schema": {"type": "integer", "range": 1}},
    ],
)
async def test_an_index_that_cannot_be(wire, body):
    await refuse(wire, "PUT", f"{WIRE}/index", body, 400)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"limit": 1}, 400),
        ({"query": A}, 400),
        ({"query": {"recommend": {}}}, 400),
        ({"query": {"fusion": "rrf"}}, 400),
        ({"query": {"nearest": {"indices": [1]}}}, 400),
        ({"query": {"nearest": [1, 0, 0]}}, 400),
        ({"query": NEAREST, "prefetch": []}, 400),
        ({"query": NEAREST, "using": "other"}, 400),
        ({"query": NEAREST, "params": {"exact": True}}, 400),
        ({"query": NEAREST, "limit": 0}, 422),
        ({"query": NEAREST, "limit": 10**9}, 422),
        ({"query": NEAREST, "limit": True}, 422),
        ({"query": NEAREST, "offset": -1}, 400),
        ({"query": NEAREST, "score_threshold": "high"}, 400),
        ({"query": NEAREST, "with_vector": ["a"]}, 400),
        ({"query": NEAREST, "with_payload": {"include": []}}, 400),
    ],
)
async def test_another_form_of_query(wire, body, status):
    await refuse(wire, "POST", f"{WIRE}/points/query", body, status)


@pytest.mark.parametrize(
    "body",
    [
        {"query": NEAREST, "filter": []},
        {"query": NEAREST, "filter": {"maybe": []}},
        {"query": NEAREST, "filter": {"min_should": {}}},
        filtered({}),
        filtered("pid"),
        filtered({"must": []}),
        filtered({"is_empty": {"key": "day"}}),
        filtered({"has_vector": ""}),
        filtered({"has_id": [1]}),
        filtered({"has_id": [A], "key": "pid"}),
        on("pid"),
        on(5, match={"value": "a"}),
        on("[", match={"value": "a"}),
        on("pid", match={}),
        on("pid", match={"text": "a"}),
        on("pid", match={"value": 1.5}),
        on("pid", match={"value": True}),
        on("pid", match={"any": "a"}),
        on("pid", match={"any": [1, "a"]}),
        on("pid", match={"value": "a", "any": ["a"]}),
        on("pid", match={"value": "a"}, range={"gt": 1}),
        on("day", match={"value": 2**70}),
        on("day", range={}),
        on("day", range={"gt": "2020"}),
        on("day", range={"above": 1}),
        on("day", values_count={"gt": 1}),
        on("day", geo_radius={}),
    ],
)
async def test_another_filter_or_condition(wire, body):
    await refuse(wire, "POST", f"{WIRE}/points/query", body, 400)


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("query/batch", {"searches": [{"query": NEAREST, "x": 1}]}, 400),
        ("query/batch", {"searches": [{"query": NEAREST}] * 65}, 400),
        ("query/batch", {}, 400),
        ("scroll", {"limit": 0}, 422),
        ("scroll", {"order_by": "day"}, 400),
        ("scroll", {"offset": 7}, 400),
        ("count", {"shard_key": "a"}, 400),
        ("count", {"exact": 1}, 400),
    ],
)
async def test_another_form_of_read(wire, route, body, status):
    await refuse(wire, "POST", f"{WIRE}/points/{route}", body, status)


@pytest.mark.parametrize("body", [{}, {"ids": A}, {"ids": [A, 3]}, {"ids": [A], "x": 1}])
async def test_another_form_of_retrieval(wire, body):
    await refuse(wire, "POST", f"{WIRE}/points", body, 400)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"points": [], "batch": {"ids": [], "vectors": []}},
        {"points": [], "update_filter": ONLY_A},
        {"points": [{"id": A}]},
        {"points": [{"id": 1, "vector": [1, 0, 0, 0]}]},
        {"points": [{"id": "a", "vector": [1, 0, 0, 0]}]},
        {"batch": {"ids": [A], "vectors": []}},
        {"batch": {"ids": [A], "vectors": {"named": [[1, 0, 0, 0]]}}},
        {"batch": {"ids": [A], "vectors": [[1, 0, 0, 0]], "payloads": []}},
        one([1, 0, 0, 0], x=1),
        one([1, 0, 0, 0], payload="text"),
        one({"named": [1, 0, 0, 0]}),
        one([[1, 0, 0, 0]]),
        one([1, 0, 0, True]),
        one([1, 0, 0, None]),
        one([1, 0, 0, "1"]),
        one([1, 0, 0, 1e39]),
    ],
)
async def test_another_form_of_upsert(wire, body):
    await refuse(wire, "PUT", f"{WIRE}/points", body, 400)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"points": A},
        {"points": [A], "filter": ONLY_A},
        {"filter": {}},
        {"filter": {"must": []}},
        {"filter": {"must": [{}]}},
        {"filter": {"must": [{"should": []}]}},
        {"filter": {"should": [], "must_not": []}},
    ],
)
async def test_a_delete_that_does_not_narrow(wire, body):
    await refuse(wire, "POST", f"{WIRE}/points/delete", body, 400)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "/index", {"field_name": "x", "field_schema": "keyword"}),
        ("PUT", "/points", {"points": []}),
        ("POST", "/points", {"ids": []}),
        ("POST", "/points/delete", {"points": []}),
        ("POST", "/points/query", {"query": NEAREST}),
        ("POST", "/points/query/batch", {"searches": []}),
        ("POST", "/points/scroll", {}),
        ("POST", "/points/count", {}),
    ],
)
async def test_a_missing_collection_is_not_found(http, method, path, body):
    answer = await http.request(method, f"/collections/missing{path}", json=body)

    assert answer.status_code == 404
    assert "doesn't exist" in answer.json()["status"]["error"]


async def test_a_wrong_dimension_in_mid_batch_applies_nothing(wire):
    points = [{"id": str(uuid4()), "vector": [1, 0, 0, 0]} for _ in range(300)]
    points[299]["vector"] = [1, 0, 0]
    answer = await wire.put(f"{WIRE}/points", json={"points": points})

    assert answer.status_code == 400
    assert "expected dim: 4, got 3" in answer.json()["status"]["error"]
    assert await ids(wire) == {A, B}


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e400"])
async def test_numbers_that_are_none_are_refused(wire, literal):
    body = f'{{"points": [{{"id": "{A}", "vector": [1, 0, 0, {literal}]}}]}}'
    answer = await wire.put(
        f"{WIRE}/points", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 400


async def test_a_body_that_is_not_json_is_refused(wire):
    headers = {"content-type": "application/json"}
    broken = await wire.post(f"{WIRE}/points/count", content=b'{"filter": ', headers=headers)
    typed = await wire.post(f"{WIRE}/points/count", content=b"{}", headers={"content-type": "a/b"})

    assert (broken.status_code, typed.status_code) == (400, 415)


async def test_a_deeply_nested_filter_is_refused(wire):
    condition = {"key": "pid", "match": {"value": "a"}}
    for _ in range(20):
        condition = {"must": [condition]}
    answer = await wire.post(f"{WIRE}/points/count", json={"filter": condition})

    assert answer.status_code == 400


async def test_a_body_that_is_too_large_is_refused(wire):
    headers = {"content-type": "application/json"}
    body = b'{"ids": ["' + b"0" * (32 * 2**20) + b'"]}'
    answer = await wire.post(f"{WIRE}/points", content=body, headers=headers)

    assert answer.status_code == 413
    assert await ids(wire) == {A, B}


async def test_another_host_name_is_refused(http):
    answer = await http.get("/collections", headers={"host": "memory.example"})

    assert answer.status_code == 403


async def test_a_refusal_repeats_nothing_of_the_input(wire, vectors):
    canary = "canary-7d1f"
    bodies = [
        {canary: 1},
        {"points": [{"id": canary, "vector": [1, 0, 0, 0]}]},
        {"points": [{"id": A, "vector": [canary] * 4}]},
        {"points": [{"id": A, "vector": [1, 0, 0], "payload": {canary: canary}}]},
        {"points": [{"id": A, "vector": [1, 0, 0, 0], "payload": canary}]},
    ]
    answers = [await wire.put(f"{WIRE}/points", json=body) for body in bodies]
    answers.append(await wire.post(f"{WIRE}/points/count", json=filtered({"key": canary})))

    assert {answer.status_code for answer in answers} == {400}
    assert not any(canary in answer.text for answer in answers)
    assert canary not in vectors.log.read_text()
