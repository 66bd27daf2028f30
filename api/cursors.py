"""Opaque places in listings: URL-safe base64 without padding of a kind byte and packed fields.

m   messages        i64 microseconds since 1970, 16 bytes event id
c   conversations   i64 microseconds since 1970, 8 bytes token
u   users           16 bytes pid
s   search          f64 score, 16 bytes event id, u32 results seen, 8 bytes of the request's hash
"""

import base64
import binascii
import math
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MESSAGE = struct.Struct(">q16s")
_CONVERSATION = struct.Struct(">q8s")
_SEARCH = struct.Struct(">d16sI8s")
_PID_BYTES = 16


class InvalidCursor(ValueError):  # noqa: N818  reads as the reason it is
    """A cursor that was not made here for this kind of listing; it is not repeated."""


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """Where a page of results ended. `request` is a hash of what was asked."""

    score: float
    id: UUID
    seen: int
    request: bytes


def message_cursor(at: datetime, id_: UUID) -> str:
    """The place behind a message."""
    return _encode(b"m", _MESSAGE.pack(_micros(at), id_.bytes))


def read_message_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The (at, id) of a message; raises `InvalidCursor`."""
    micros, id_ = _unpack(b"m", _MESSAGE, cursor)
    return _time(micros), UUID(bytes=id_)


def conversation_cursor(last_at: datetime, token: bytes) -> str:
    """The place behind a conversation."""
    return _encode(b"c", _CONVERSATION.pack(_micros(last_at), token))


def read_conversation_cursor(cursor: str) -> tuple[datetime, bytes]:
    """The (last message, token) of a conversation; raises `InvalidCursor`."""
    micros, token = _unpack(b"c", _CONVERSATION, cursor)
    return _time(micros), token


def user_cursor(pid: bytes) -> str:
    """The place behind a user."""
    return _encode(b"u", pid)


def read_user_cursor(cursor: str) -> bytes:
    """The pid of a user; raises `InvalidCursor`."""
    pid = _decode(b"u", cursor)
    if len(pid) != _PID_BYTES:
        raise InvalidCursor
    return pid


def search_cursor(place: SearchPlace) -> str:
    """The place behind a result."""
    packed = _SEARCH.pack(place.score, place.id.bytes, place.seen, place.request)
    return _encode(b"s", packed)


def read_search_cursor(cursor: str, request: bytes) -> SearchPlace:
    """The place behind a result of the same request; raises `InvalidCursor`."""
    score, id_, seen, asked = _unpack(b"s", _SEARCH, cursor)
    if asked != request or not math.isfinite(score):
        raise InvalidCursor
    return SearchPlace(score, UUID(bytes=id_), seen, asked)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _time(micros: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise InvalidCursor from None


def _encode(kind: bytes, packed: bytes) -> str:
    return base64.urlsafe_b64encode(kind + packed).decode().rstrip("=")


def _unpack(kind: bytes, layout: struct.Struct, cursor: str) -> tuple[Any, ...]:
    packed = _decode(kind, cursor)
    if len(packed) != layout.size:
        raise InvalidCursor
    return layout.unpack(packed)


def _decode(kind: bytes, cursor: str) -> bytes:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        packed = base64.b64decode(padded, altchars="-_", validate=True)
    except (ValueError, binascii.Error):
        raise InvalidCursor from None
    if packed[:1] != kind:
        raise InvalidCursor
    return packed[1:]
