"""Reading JSON strictly: what is unknown is refused, never ignored."""

import math
from collections.abc import Collection
from typing import Any
from uuid import UUID

from ops.embedded.vectors.refused import Refused

MAX_LIMIT = 10_000

Ids = list[int | UUID | str]  # as Edge declares it; only UUIDs occur here


def fields(
    body: object, known: Collection[str], *, required: Collection[str] = ()
) -> dict[str, Any]:
    """Return the fields of an object that are not null; `Refused` for unknown or missing ones."""
    if not isinstance(body, dict):
        raise Refused(400, "a JSON object is expected")
    if not body.keys() <= set(known):
        raise Refused(400, f"unknown field; known here: {', '.join(sorted(known))}")
    given = {name: value for name, value in body.items() if value is not None}
    if missing := set(required) - given.keys():
        raise Refused(400, f"missing: {', '.join(sorted(missing))}")
    return given


def only_one(given: dict[str, Any], names: Collection[str]) -> tuple[str, Any]:
    """Return the single one of `names` that is given."""
    present = [name for name in names if name in given]
    if len(present) != 1:
        raise Refused(400, f"exactly one is expected of: {', '.join(sorted(names))}")
    return present[0], given[present[0]]


def items(value: object, name: str) -> list[Any]:
    """Return a list."""
    if not isinstance(value, list):
        raise Refused(400, f"{name} is a list")
    return value


def integer(value: object, name: str, *, low: int = 0, high: int = 2**31) -> int:
    """Return a whole number within bounds."""
    if type(value) is not int or not low <= value <= high:
        raise Refused(400, f"{name} is a whole number from {low} to {high}")
    return value


def limit_of(value: object) -> int:
    """Return a limit; a wrong one is 422, as Qdrant answers it."""
    if type(value) is not int or not 1 <= value <= MAX_LIMIT:
        raise Refused(422, f"limit is a whole number from 1 to {MAX_LIMIT}")
    return value


def number(value: object, name: str) -> float:
    """Return a finite number."""
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise Refused(400, f"{name} is a number")
    return float(value)  # type: ignore[arg-type]


def flag(value: object, name: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise Refused(400, f"{name} is true or false")
    return value


def point_id(value: object) -> UUID:
    """Return a point id; only UUIDs are ids here."""
    try:
        return UUID(value)  # type: ignore[arg-type]
    except (AttributeError, TypeError, ValueError):
        raise Refused(400, "a point id is a UUID string") from None


def point_ids(value: object, name: str) -> Ids:
    """Return a list of point ids."""
    return [point_id(each) for each in items(value, name)]
