"""Why a record is no event: the slow path, taken only after validation has failed."""

import json
import re

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.events.catalogue import EVENT_TYPES
from schemas.events.deletion import Selector
from schemas.refusal import InvalidEvent, Reason, reason_of

_VERSIONED = re.compile(r"(.+)\.v([1-9][0-9]{0,5})", re.DOTALL)
_FAMILIES = {name.rpartition(".v")[0] for name in EVENT_TYPES}
_MODELS: tuple[type[BaseModel], ...] = (*EVENT_TYPES.values(), Selector)
_FIELD_NAMES = frozenset(name for model in _MODELS for name in model.model_fields)
_NOT_AN_OBJECT = frozenset({"dict_type", "model_type", "model_attributes_type"})


def diagnose(raw: bytes, error: ValidationError) -> InvalidEvent:
    """Name the first thing that is wrong with a record, without a word of what it holds."""
    first = error.errors(include_url=False, include_input=False)[0]
    kind, place = first["type"], first["loc"]
    if kind == "json_invalid":
        return InvalidEvent(_reason_of_bad_json(raw, first))
    if kind == "union_tag_not_found":
        return InvalidEvent(Reason.MISSING_TYPE, "/type")
    if kind == "union_tag_invalid":
        return InvalidEvent(_reason_of_bad_type(first["ctx"]["tag"]), "/type")
    if kind in _NOT_AN_OBJECT and not place:
        return InvalidEvent(Reason.NOT_AN_OBJECT)
    # The first step of the place is the type, which chose the model.
    return _refused_field(kind, place[1:])


def _refused_field(kind: str, place: tuple[int | str, ...]) -> InvalidEvent:
    nobody = kind == "missing" and place == ("user_id",)
    reason = Reason.MISSING_USER if nobody else reason_of(kind)
    return InvalidEvent(reason, "/content" if reason is Reason.EMPTY_TEXT else _pointer(place))


def _pointer(place: tuple[int | str, ...]) -> str:
    """Spell out the part of a place that our own models name; what follows is the producer's."""
    steps = []
    for step in place:
        if isinstance(step, str) and step not in _FIELD_NAMES:
            break
        steps.append(f"/{step}")
    return "".join(steps)


def _reason_of_bad_type(tag: str) -> Reason:
    match = _VERSIONED.fullmatch(tag)
    return Reason.UNSUPPORTED_VERSION if match and match[1] in _FAMILIES else Reason.UNKNOWN_TYPE


def _reason_of_bad_json(raw: bytes, detail: ErrorDetails) -> Reason:
    if "recursion limit" in detail["ctx"]["error"]:
        return Reason.TOO_DEEP
    try:
        # JSON escapes can spell half of a surrogate pair, and so can bytes that are almost UTF-8.
        value = json.loads(raw.decode("utf-8", "surrogatepass"), parse_int=float)
    except (ValueError, RecursionError):
        return Reason.NOT_JSON
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return Reason.LONE_SURROGATE
    # JSON beyond what this reader takes, such as a number of thousands of digits.
    return Reason.SCHEMA
