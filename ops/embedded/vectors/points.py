"""The bodies that write: points to upsert, in rows or in columns, and points to delete.

Everything is checked before anything is applied: Edge itself lets NaN pass.
"""

import math
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import qdrant_edge as qe

from ops.embedded.vectors.edge import build
from ops.embedded.vectors.filters import parse_narrowing_filter
from ops.embedded.vectors.refused import Refused
from ops.embedded.vectors.strict import Ids, fields, items, only_one, point_id, point_ids

Row = tuple[object, object, object]  # id, vector, payload

_NUMBERS = frozenset((int, float))
_FLOAT32_MAX = 3.4028234e38


def parse_upsert(body: object, size: int) -> list[qe.Point]:
    """Read `{"points": [...]}` or `{"batch": {...}}`; of equal ids the last wins."""
    kind, given = only_one(fields(body, {"points", "batch"}), ("points", "batch"))
    rows = _rows(given) if kind == "points" else _columns(given)
    points: dict[UUID, qe.Point] = {}
    for identity, vector, payload in rows:
        parsed = point_id(identity)
        points[parsed] = _point(parsed, checked_vector(vector, size), payload)
    return list(points.values())


def parse_delete(body: object) -> Ids | qe.Filter:
    """Read `{"points": [ids]}` or `{"filter": {...}}`, which must narrow."""
    kind, given = only_one(fields(body, {"points", "filter"}), ("points", "filter"))
    return point_ids(given, "points") if kind == "points" else parse_narrowing_filter(given)


def checked_vector(vector: object, size: int) -> list[float]:
    """Return a vector of `size` numbers that float32 can hold."""
    if not isinstance(vector, list):
        raise Refused(400, "a vector is a list of numbers")
    if len(vector) != size:
        raise Refused(400, f"Vector dimension error: expected dim: {size}, got {len(vector)}")
    # The norm bounds every part of the vector, and comparing it refuses infinity and NaN as well.
    if not set(map(type, vector)) <= _NUMBERS or not math.hypot(*vector) < _FLOAT32_MAX:
        raise Refused(400, "a vector holds finite numbers only")
    return vector


def _rows(given: object) -> Iterable[Row]:
    for row in items(given, "points"):
        point = fields(row, {"id", "vector", "payload"}, required={"id", "vector"})
        yield point["id"], point["vector"], point.get("payload")


def _columns(given: object) -> Iterable[Row]:
    batch = fields(given, {"ids", "vectors", "payloads"}, required={"ids", "vectors"})
    ids, vectors = items(batch["ids"], "ids"), items(batch["vectors"], "vectors")
    payloads: list[Any] = items(batch.get("payloads", [None] * len(ids)), "payloads")
    if not len(ids) == len(vectors) == len(payloads):
        raise Refused(400, "ids, vectors and payloads are of one length")
    return zip(ids, vectors, payloads, strict=True)


def _point(identity: UUID, vector: list[float], payload: object) -> qe.Point:
    if payload is not None and not isinstance(payload, dict):
        raise Refused(400, "a payload is a JSON object")
    return build(qe.Point, identity, vector, payload)
