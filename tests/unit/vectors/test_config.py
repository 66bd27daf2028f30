"""A collection's configuration: read strictly, kept, extended."""

import socket

import pytest

from ops.embedded.vectors import config as configs
from ops.embedded.vectors.__main__ import _bound
from ops.embedded.vectors.config import IndexSchema, parse_collection, parse_index
from ops.embedded.vectors.refused import Refused

BODY = {
    "vectors": {"size": 384, "distance": "Cosine"},
    "hnsw_config": {"m": 0, "payload_m": 16},
    "optimizers_config": {"deleted_threshold": 0.05, "vacuum_min_vector_number": 100},
}
KEYWORD = IndexSchema("keyword", is_tenant=True)


def test_what_is_given_is_taken_and_the_rest_is_as_qdrant_has_it():
    config = parse_collection(BODY)

    assert (config.size, config.distance, config.m, config.payload_m) == (384, "Cosine", 0, 16)
    assert (config.deleted_threshold, config.vacuum_min_vector_number) == (0.05, 100)
    assert config.ef_construct == 100


def test_null_is_as_good_as_nothing():
    assert parse_collection({**BODY, "hnsw_config": None}).m == 16


def test_a_configuration_comes_back_as_it_was_saved(tmp_path):
    config = parse_collection(BODY).indexed("pid", KEYWORD).next_shard()
    configs.save(tmp_path, config)

    assert configs.load(tmp_path) == config


def test_the_shards_are_numbered():
    config = parse_collection(BODY)

    assert [config.shard, config.next_shard().next_shard().shard] == ["shard-1", "shard-3"]


def test_a_field_is_indexed_in_one_way():
    config = parse_collection(BODY).indexed("pid", KEYWORD)

    assert config.indexed("pid", KEYWORD) == config
    with pytest.raises(Refused, match="another way"):
        config.indexed("pid", IndexSchema("integer"))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("integer", IndexSchema("integer")),
        ({"type": "keyword", "is_tenant": True}, KEYWORD),
        (
            {"type": "integer", "lookup": True, "range": False, "enable_hnsw": False},
            IndexSchema("integer", lookup=True, range=False, enable_hnsw=False),
        ),
    ],
)
def test_an_index_is_a_word_or_an_object(schema, expected):
    parsed = parse_index({"field_name": "f", "field_schema": schema})

    assert parsed == ("f", expected)


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "-a", "a/b", "a\\b", "a b", "é", "a" * 201])
def test_a_name_that_could_leave_the_directory_is_refused(name):
    with pytest.raises(Refused):
        configs.checked_name(name)


def test_answers_do_not_wait_for_acknowledgements():
    with _bound(0, None) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # what asyncio asks for before TCP_NODELAY
