"""Vectors that may be stored, and those that may not."""

import math
from uuid import UUID

import pytest

from ops.embedded.vectors.points import checked_vector, parse_delete, parse_upsert
from ops.embedded.vectors.refused import Refused

A, B = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("vector", [[0.5, -1], [0, 0], [3.4e38, 0.0], [1e-45, 5e-324]])
def test_finite_numbers_of_the_right_count_are_a_vector(vector):
    assert checked_vector(vector, 2) is vector


@pytest.mark.parametrize(
    "vector",
    [
        [],
        [1],
        [1, 2, 3],
        [1, math.nan],
        [1, math.inf],
        [-math.inf, math.inf],
        [1, 1e39],
        [1, True],
        [1, None],
        [1, "2"],
        [[1, 2]],
        {"a": 1},
        "12",
        None,
    ],
)
def test_anything_else_is_none(vector):
    with pytest.raises(Refused):
        checked_vector(vector, 2)


def test_rows_and_columns_mean_the_same():
    rows = [{"id": str(A), "vector": [1.0], "payload": {"a": 1}}, {"id": str(B), "vector": [2.0]}]
    columns = {"ids": [str(A), str(B)], "vectors": [[1.0], [2.0]], "payloads": [{"a": 1}, None]}
    from_rows = parse_upsert({"points": rows}, 1)
    from_columns = parse_upsert({"batch": columns}, 1)

    assert [(each.id, each.payload) for each in from_rows] == [(A, {"a": 1}), (B, None)]
    assert [str(each) for each in from_columns] == [str(each) for each in from_rows]


def test_of_equal_ids_the_last_is_kept_whatever_their_spelling():
    ids = [str(A), str(B), A.hex.upper()]
    points = parse_upsert({"batch": {"ids": ids, "vectors": [[1.0], [2.0], [3.0]]}}, 1)

    assert {each.id: each.vector for each in points} == {A: [3.0], B: [2.0]}


def test_a_delete_names_ids_or_a_filter():
    assert parse_delete({"points": [str(A)]}) == [A]
    assert parse_delete({"filter": {"must_not": [{"has_id": []}]}}).must_not
