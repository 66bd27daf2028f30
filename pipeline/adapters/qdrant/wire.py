"""Points and filters on the wire.

The payload of a point; keys are short because Qdrant stores them with every point:

    pid    keyword   32 hex digits, the tenant       epoch  integer
    kind   integer                                   role   integer
    conv   keyword   16 hex digits, may be absent    chan   keyword   the same
    day    integer   days since 1970
    part   integer   home partition, not indexed      src    integer   source offset, not indexed
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from qdrant_client import models

from pipeline.errors import DataError
from pipeline.ports import Point, StoredPoint, Vector, Where

BATCH = 256  # points a request: the embedded engine holds everyone up for as long as one takes
MALFORMED = "vector_malformed"

KEYWORDS = ("pid", "conv", "chan")
INTEGERS = ("epoch", "kind", "role", "day")
UNINDEXED = ("part", "src")  # read while sweeping, never searched by


def checked(points: Sequence[Point], dim: int) -> None:
    """Raise `DataError` unless every vector has `dim` finite values."""
    if any(point.vector.shape != (dim,) for point in points):
        raise DataError(MALFORMED)
    if not all(bool(np.isfinite(point.vector).all()) for point in points):
        raise DataError(MALFORMED)


def batch_body(points: Sequence[Point]) -> bytes:
    """Encode an upsert in columns.

    The client would print every float32 as the double nearest to it and validate each one: three
    times the work and twice the bytes.
    """
    batch = {
        "ids": [str(point.id) for point in points],
        "vectors": np.stack([point.vector for point in points]).astype(np.float32, copy=False),
        "payloads": [payload_of(point) for point in points],
    }
    return orjson.dumps({"batch": batch}, option=orjson.OPT_SERIALIZE_NUMPY)


def payload_of(point: Point) -> dict[str, Any]:
    """Return the labels of a point as Qdrant stores them."""
    payload: dict[str, Any] = {
        "pid": point.pid.hex(),
        "epoch": point.epoch,
        "kind": point.kind,
        "role": point.role,
        "day": point.day,
        "part": point.partition,
        "src": point.src,
    }
    if point.conversation is not None:
        payload["conv"] = point.conversation.hex()
    if point.channel is not None:
        payload["chan"] = point.channel.hex()
    return payload


def stored(record: models.Record) -> StoredPoint:
    """Return a record of Qdrant as our value."""
    payload = record.payload or {}
    conversation, channel = payload.get("conv"), payload.get("chan")
    return StoredPoint(
        id=UUID(str(record.id)),
        vector=_vector(record.vector),
        pid=bytes.fromhex(payload["pid"]),
        epoch=payload["epoch"],
        kind=payload["kind"],
        role=payload["role"],
        conversation=None if conversation is None else bytes.fromhex(conversation),
        channel=None if channel is None else bytes.fromhex(channel),
        day=payload["day"],
        partition=payload["part"],
        src=payload["src"],
    )


def near(pid: bytes, epoch: int, where: Where) -> models.Filter:
    """Return the filter of a search."""
    must = [_equals("pid", pid.hex()), _equals("epoch", epoch)]
    must += [_any(key, of) for key, of in (("role", where.roles), ("kind", where.kinds)) if of]
    if where.channels:
        must.append(_any("chan", tuple(token.hex() for token in where.channels)))
    if where.conversation is not None:
        must.append(_equals("conv", where.conversation.hex()))
    return models.Filter(must=[*must, *_days(where.day_from, where.day_to)])


def of_user(pid: bytes, epoch: int) -> models.Filter:
    """Return the filter for a user up to and including an epoch."""
    upto = models.FieldCondition(key="epoch", range=models.Range(lte=epoch))
    return models.Filter(must=[_equals("pid", pid.hex()), upto])


def stretch(pid: bytes | None, day_from: int | None, day_to: int | None) -> models.Filter | None:
    """Return the filter of a scroll, None for everything."""
    must = _days(day_from, day_to)
    if pid is not None:
        must.append(_equals("pid", pid.hex()))
    return models.Filter(must=[*must]) if must else None


def _vector(vector: object) -> Vector | None:
    return None if vector is None else np.asarray(vector, dtype=np.float32)


def _equals(key: str, value: str | int) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _any(key: str, values: tuple[int, ...] | tuple[str, ...]) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchAny(any=list(values)))


def _days(first: int | None, last: int | None) -> list[models.FieldCondition]:
    if first is None and last is None:
        return []
    return [models.FieldCondition(key="day", range=models.Range(gte=first, lte=last))]
