"""The bounded fields that events and HTTP bodies share; texts are counted in bytes of UTF-8."""

import math
import re
from datetime import MAXYEAR, UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import to_json

from schemas.refusal import Reason, refusal

USER_ID_MAX_BYTES: Final = 128
TEXT_MAX_BYTES: Final = 32 * 1024
OBJECT_MAX_BYTES: Final = 32 * 1024
OBJECT_MAX_DEPTH: Final = 16
EVERYONE: Final = "*"

_YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*")
# Files of the zone database whose meaning differs from machine to machine.
_MACHINE_ZONES = frozenset({"localtime", "posixrules", "Factory"})
_WORD_MAX = 2**63

Value = TypeVar("Value")


def _longer_than(value: str, limit: int) -> bool:
    return len(value) > limit or (not value.isascii() and len(value.encode()) > limit)


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise refusal(Reason.NUL_CHARACTER)
    return value


def _text(value: str) -> str:
    if _longer_than(value, TEXT_MAX_BYTES):
        raise refusal(Reason.TEXT_TOO_LONG)
    return _without_nul(value)


def _anyone(value: str) -> str:
    if not value:
        raise refusal(Reason.MISSING_USER)
    if _longer_than(value, USER_ID_MAX_BYTES):
        raise refusal(Reason.USER_ID_TOO_LONG)
    return _without_nul(value)


def _user_id(value: str) -> str:
    if value == EVERYONE:
        raise refusal(Reason.RESERVED_USER)
    return _anyone(value)


def _read_time(value: object) -> datetime:
    if isinstance(value, str):
        match = _TIME.fullmatch(value)
        if match is None:
            raise refusal(Reason.SCHEMA)
        if match[1] is None:
            raise refusal(Reason.TIME_WITHOUT_OFFSET)
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError:
            raise refusal(Reason.SCHEMA) from None
    if not isinstance(value, datetime):
        raise refusal(Reason.SCHEMA)
    if value.utcoffset() is None:
        raise refusal(Reason.TIME_WITHOUT_OFFSET)
    # The last year of the calendar has no room for a change of zone.
    if value.year == MAXYEAR:
        raise refusal(Reason.TIME_IN_FUTURE)
    return value


def _read_event_time(value: object) -> datetime:
    time = _read_time(value)
    # Comparing times of two zones is slow, and hardly ever needed.
    if time.year <= 2000 and time < _YEAR_2000:
        raise refusal(Reason.TIME_BEFORE_2000)
    return time


@lru_cache(maxsize=1024)
def _is_time_zone(name: str) -> bool:
    if len(name) > 64 or not _ZONE.fullmatch(name) or name in _MACHINE_ZONES:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a zone file, a folder of zones
        return False
    return True


def _time_zone(value: str) -> str:
    if not _is_time_zone(value):
        raise refusal(Reason.UNKNOWN_TIME_ZONE)
    return value


def _check_json(value: object, depth: int) -> None:
    if isinstance(value, str):
        _without_nul(value)
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise refusal(Reason.LONE_SURROGATE)
    elif isinstance(value, dict | list):
        if depth >= OBJECT_MAX_DEPTH:
            raise refusal(Reason.TOO_DEEP)
        _check_members(value, depth + 1)
    elif isinstance(value, int):
        if not -_WORD_MAX <= value < _WORD_MAX:
            raise refusal(Reason.SCHEMA)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise refusal(Reason.SCHEMA)
    elif value is not None:
        raise refusal(Reason.SCHEMA)


def _check_members(value: dict[Any, Any] | list[Any], depth: int) -> None:
    if isinstance(value, list):
        for item in value:
            _check_json(item, depth)
        return
    for key, item in value.items():
        if not isinstance(key, str) or len(key) > 128:
            raise refusal(Reason.SCHEMA)
        _check_json(key, depth)
        _check_json(item, depth)


def _json(value: Value) -> Value:
    _check_json(value, 0)
    if len(to_json(value)) > OBJECT_MAX_BYTES:
        raise refusal(Reason.TEXT_TOO_LONG)
    return value


Text = Annotated[str, AfterValidator(_text), Field(json_schema_extra={"maxLength": TEXT_MAX_BYTES})]
"""Free text of at most 32 KiB of UTF-8; may be empty."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=512), AfterValidator(_without_nul)]
"""A title, a name or a statement: 1 to 512 characters."""

Label = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(_without_nul)
]
"""An identifier or a short name given by the producer: 1 to 128 characters."""

Language = Annotated[
    str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
]
"""A BCP 47 language tag."""

_ANYONE = Field(json_schema_extra={"minLength": 1, "maxLength": USER_ID_MAX_BYTES})
_ONE_USER = Field(json_schema_extra={"not": {"const": EVERYONE}})

UserId = Annotated[str, AfterValidator(_user_id), _ANYONE, _ONE_USER]
"""One user: 1 to 128 bytes of UTF-8 without NUL; `*` is reserved."""

UserIdOrEveryone = Annotated[str, AfterValidator(_anyone), _ANYONE]
"""One user, or `*` for everyone."""

Everyone = Literal["*"]
"""What concerns everyone and belongs to no user."""

Moment = Annotated[datetime, BeforeValidator(_read_time)]
"""A point in time: RFC 3339 with an offset, kept to the microsecond, before the year 9999."""

EventTime = Annotated[datetime, BeforeValidator(_read_event_time)]
"""When something happened: a `Moment` not before the year 2000."""

TimeZone = Annotated[
    str, AfterValidator(_time_zone), Field(json_schema_extra={"minLength": 1, "maxLength": 64})
]
"""A zone of the IANA database, such as Europe/Oslo."""

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""A number from 0 to 1."""

JsonObject = Annotated[dict[str, Any], Field(max_length=64), AfterValidator(_json)]
"""At most 64 members, 16 levels and 32 KiB as JSON; integers of 64 bits, finite numbers."""

JsonValue = Annotated[Any, AfterValidator(_json)]
"""Any JSON value within the bounds of `JsonObject`."""
