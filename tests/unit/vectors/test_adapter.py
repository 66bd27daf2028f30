"""The adapter's own words: names, errors, addresses, and what goes over the wire."""

import warnings
from dataclasses import fields
from uuid import UUID

import httpx
import numpy as np
import orjson
import pytest
from qdrant_client import models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from pipeline.adapters.qdrant import collection_name, connect, wire
from pipeline.adapters.qdrant.errors import translated
from pipeline.adapters.qdrant.schema import indexes
from pipeline.errors import DataError, StoreUnavailable
from pipeline.ports import Point, StoredPoint, Where

POINT = Point(
    id=UUID(int=5),
    vector=np.array([0.1, -2], np.float32),
    pid=bytes(range(16)),
    epoch=2,
    kind=3,
    role=1,
    conversation=b"\x01" * 8,
    channel=None,
    day=20_000,
    partition=4,
    src=99,
)


def answered(status):
    return UnexpectedResponse(status, "reason", b"canary of a point", httpx.Headers())


@pytest.mark.parametrize(
    ("model", "prefix", "name"),
    [
        ("all-MiniLM-L6-v2", "", "tidemark-all-minilm-l6-v2-384-rotated"),
        ("org/Model_X:1", "t-", "t-tidemark-org-model_x-1-384-rotated"),
        ("../../etc", "", "tidemark-etc-384-rotated"),
    ],
)
def test_a_collection_is_named_after_what_makes_vectors_incomparable(model, prefix, name):
    assert collection_name(model, 384, "rotated", prefix) == name


@pytest.mark.parametrize("model", ["", "///", "m" * 200])
def test_a_model_without_a_usable_name_is_refused(model):
    with pytest.raises(ValueError, match="model name"):
        collection_name(model, 384, "rotated")


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503, 507])
def test_these_answers_mean_later(status):
    with pytest.raises(StoreUnavailable), translated():
        raise answered(status)


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_these_answers_mean_never(status):
    with pytest.raises(DataError) as caught, translated():
        raise answered(status)

    assert caught.value.reason == "vector_store_refused"


@pytest.mark.parametrize(
    "error",
    [
        ResponseHandlingException(httpx.ConnectError("canary")),
        ResponseHandlingException(httpx.ReadTimeout("canary")),
        ResponseHandlingException(ValueError("canary")),
        ResourceExhaustedResponse("canary", 3),
        answered(500),
        answered(400),
    ],
)
def test_no_error_carries_what_was_answered(error):
    with pytest.raises((StoreUnavailable, DataError)) as caught, translated():
        raise error

    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_other_errors_pass_unchanged():
    with pytest.raises(KeyError), translated():
        raise KeyError


def test_a_point_goes_as_labels_and_a_float32_vector():
    body = orjson.loads(wire.batch_body([POINT]))

    assert body == {
        "batch": {
            "ids": ["00000000-0000-0000-0000-000000000005"],
            "vectors": [[0.1, -2.0]],
            "payloads": [
                {
                    "pid": "000102030405060708090a0b0c0d0e0f",
                    "epoch": 2,
                    "kind": 3,
                    "role": 1,
                    "day": 20_000,
                    "part": 4,
                    "src": 99,
                    "conv": "01" * 8,
                }
            ],
        }
    }


def test_a_record_comes_back_as_the_point_went():
    record = models.Record(id=str(POINT.id), payload=wire.payload_of(POINT), vector=[0.1, -2.0])
    stored = wire.stored(record)

    labels = [each.name for each in fields(StoredPoint) if each.name != "vector"]
    assert [getattr(stored, name) for name in labels] == [getattr(POINT, name) for name in labels]
    assert stored.vector.tolist() == POINT.vector.tolist()


def test_every_label_that_is_searched_by_is_indexed():
    labels = {*wire.KEYWORDS, *wire.INTEGERS}

    assert labels == indexes().keys()
    assert wire.payload_of(POINT).keys() <= {*labels, *wire.UNINDEXED}


def test_only_the_tenant_has_a_graph():
    with_graphs = [key for key, schema in indexes().items() if schema.enable_hnsw is not False]

    assert with_graphs == ["pid"]
    assert indexes()["pid"].is_tenant is True


def test_a_search_always_names_user_and_epoch():
    keys = [condition.key for condition in wire.near(POINT.pid, 1, Where()).must]

    assert keys == ["pid", "epoch"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://q.example", "unix:///tmp/none"])
async def test_connecting_sends_nothing_and_warns_about_nothing(url):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = connect(url, api_key="k" * 32)
        await client.close()
