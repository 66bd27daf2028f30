"""Validation errors as fields: where, why in words of a closed set, and none of the input."""

import pytest
from pydantic import TypeAdapter, ValidationError

from api.invalid import invalid_fields
from schemas.refusal import Reason
from schemas.requests import SearchRequest, StoreBody

SECRET = "secret"


def fields(model, body):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(model).validate_python(body)
    errors = [{**e, "loc": ("body", *e["loc"])} for e in caught.value.errors()]
    return invalid_fields(errors)


@pytest.mark.parametrize(
    ("body", "pointer", "reason"),
    [
        ({"user_id": "ana", "content": "a\0"}, "/content", Reason.NUL_CHARACTER),
        ({"user_id": "ana", "content": "\ud800"}, "/content", Reason.LONE_SURROGATE),
        ({"user_id": "", "content": "x"}, "/user_id", Reason.MISSING_USER),
        ({"user_id": "ana", "content": "x", SECRET: SECRET}, "", Reason.SCHEMA),
        (
            {"user_id": "ana", "content": "x", "metadata": {SECRET: [1 << 70]}},
            "/metadata",
            "schema",
        ),
        (
            {"user_id": "ana", "messages": [{"content": "x", "role": SECRET}]},
            "/messages/0/role",
            "schema",
        ),
        ([{"user_id": "ana", "query": "x", "response": 1}], "/0/response", Reason.SCHEMA),
        (SECRET, "", Reason.SCHEMA),
    ],
)
def test_a_pointer_ends_where_the_callers_own_names_begin(body, pointer, reason):
    [field, *_] = fields(StoreBody, body)

    assert (field.pointer, field.reason) == (pointer, reason)
    assert SECRET not in field.model_dump_json()


def test_details_of_our_own_schema_are_told():
    [field] = fields(SearchRequest, {"user_id": "ana", "query": "x", "limit": 999})

    assert field.detail == "Input should be less than or equal to 200"


def test_details_that_quote_are_replaced():
    [field] = fields(StoreBody, {"user_id": "ana", "content": "x", "id": "zebra"})

    assert "z" not in field.detail


def test_parameters_are_named():
    error = {"type": "missing", "loc": ("query", "limit"), "msg": "Field required"}

    [field] = invalid_fields([error])

    assert (field.pointer, field.detail) == ("limit", "Field required")
