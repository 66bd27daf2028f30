"""What is wrong with a request, field by field, without a word of what it held."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.refusal import SENTENCES, Reason, reason_of
from schemas.requests import (
    ProfilePatch,
    SearchRequest,
    StoreConversation,
    StoreMessage,
    StorePair,
)
from schemas.responses import InvalidField

_MODELS = (ProfilePatch, SearchRequest, StoreConversation, StoreMessage, StorePair)
_FIELD_NAMES = frozenset(name for model in _MODELS for name in model.model_fields)

# Pydantic names the member of a union that it tried; the client knows nothing of those names.
_SHAPES = frozenset({"message", "pair", "conversation", "items"})

# Validation errors whose text follows from our schema alone.
_SAFE = frozenset(
    {
        "bool_parsing",
        "bool_type",
        "dict_type",
        "extra_forbidden",
        "greater_than",
        "greater_than_equal",
        "int_parsing",
        "int_type",
        "less_than",
        "less_than_equal",
        "list_type",
        "literal_error",
        "missing",
        "model_attributes_type",
        "model_type",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "string_type",
        "too_long",
        "too_short",
        "tuple_type",
    }
)
_NO_SHAPE = "union_tag_not_found"
_NO_SHAPE_DETAIL = "the body is neither a message, a pair, a conversation nor a list of them"


def invalid_fields(errors: Iterable[Any]) -> tuple[InvalidField, ...]:
    """Turn validation errors into fields with a reason of the closed set."""
    return tuple(_field(error) for error in errors)


def invalid(pointer: str, reason: Reason) -> InvalidField:
    """A field that is refused for a reason of the closed set."""
    return InvalidField(pointer=pointer, reason=reason, detail=SENTENCES[reason])


def _field(error: Any) -> InvalidField:
    reason = _reason(error)
    return InvalidField(
        pointer=_pointer(error["loc"]), reason=reason, detail=_detail(error, reason)
    )


def _reason(error: Any) -> Reason:
    # Counting bytes fails on half of a surrogate pair, before the text is looked at as text.
    if isinstance(error.get("ctx", {}).get("error"), UnicodeEncodeError):
        return Reason.LONE_SURROGATE
    return reason_of(error["type"])


def _detail(error: Any, reason: Reason) -> str:
    if reason is Reason.SCHEMA and error["type"] in _SAFE:
        return str(error["msg"])
    if error["type"] == _NO_SHAPE:
        return _NO_SHAPE_DETAIL
    return SENTENCES[reason]


def _pointer(place: Sequence[int | str]) -> str:
    """A JSON pointer into the body, as far as our models name its steps; or a parameter's name."""
    where, *steps = place
    if where != "body":
        return str(steps[0]) if steps else str(where)
    pointer = ""
    for step in steps:
        if step in _SHAPES:
            continue
        if isinstance(step, str) and step not in _FIELD_NAMES:
            break
        pointer += f"/{step}"
    return pointer
