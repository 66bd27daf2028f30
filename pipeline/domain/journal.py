"""The envelope of a journal record: what routing needs in the clear, and one sealed box.

    {"v":1,"id":uuid,"pid":32 hex digits,"type":...,"at":RFC 3339,"enc":"dek","box":base64url}

Beside it travel two record headers in ASCII decimal: `src`, the record's offset on the public
topic, and `prev`, one more than the `src` of the accepted record before it, 0 where there is none.
"""

import binascii
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import orjson

VERSION = 1

_SEALED = "dek"
_PID_BYTES = 16
_LONGEST_NUMBER = 19
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


class Malformation(StrEnum):
    """Why a journal record cannot be read: a closed set, free of content."""

    NOT_JSON = "envelope_not_json"
    VERSION = "envelope_version"
    SHAPE = "envelope_shape"
    SEALING = "envelope_sealing"
    HEADERS = "envelope_headers"


class MalformedEnvelope(ValueError):  # noqa: N818  reads as the reason it is
    """A journal record that is not as this page describes; `reason` says in which respect."""

    def __init__(self, reason: Malformation) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """A journal record's value. `box` is of kind `EVENT` with the event id as rid."""

    id: UUID
    pid: bytes
    type: str
    at: str
    box: bytes


@dataclass(frozen=True, slots=True)
class Links:
    """Where a journal record comes from on the public topic, and what went before it."""

    src: int
    prev: int


def encode_envelope(envelope: Envelope) -> bytes:
    """Return the record value."""
    return orjson.dumps(
        {
            "v": VERSION,
            "id": envelope.id,
            "pid": envelope.pid.hex(),
            "type": envelope.type,
            "at": envelope.at,
            "enc": _SEALED,
            "box": urlsafe_b64encode(envelope.box).decode(),
        }
    )


def decode_envelope(value: bytes) -> Envelope:
    """Return what `encode_envelope` took, ignoring other fields; raises `MalformedEnvelope`."""
    try:
        fields = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise MalformedEnvelope(Malformation.NOT_JSON) from None
    if not isinstance(fields, dict):
        raise MalformedEnvelope(Malformation.SHAPE)
    if fields.get("v") != VERSION:
        raise MalformedEnvelope(Malformation.VERSION)
    if fields.get("enc") != _SEALED:
        raise MalformedEnvelope(Malformation.SEALING)
    try:
        return _envelope(fields)
    except (KeyError, TypeError, ValueError):
        raise MalformedEnvelope(Malformation.SHAPE) from None


def encode_links(links: Links) -> list[tuple[str, bytes]]:
    """Return the record headers, as Kafka clients take them."""
    return [("src", b"%d" % links.src), ("prev", b"%d" % links.prev)]


def decode_links(headers: Iterable[tuple[str, bytes]]) -> Links:
    """Return what `encode_links` took; other headers are ignored. Raises `MalformedEnvelope`."""
    found = dict(headers)
    links = Links(_number(found.get("src")), _number(found.get("prev")))
    if links.prev > links.src:
        raise MalformedEnvelope(Malformation.HEADERS)
    return links


def _envelope(fields: dict[str, object]) -> Envelope:
    pid = bytes.fromhex(_text(fields, "pid"))
    if len(pid) != _PID_BYTES:
        raise ValueError
    box = _text(fields, "box").encode().translate(_TO_STANDARD)
    return Envelope(
        id=UUID(_text(fields, "id")),
        pid=pid,
        type=_text(fields, "type"),
        at=_text(fields, "at"),
        box=binascii.a2b_base64(box, strict_mode=True),
    )


def _text(fields: dict[str, object], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(header: bytes | None) -> int:
    if header is None or not header.isdigit() or len(header) > _LONGEST_NUMBER:
        raise MalformedEnvelope(Malformation.HEADERS)
    return int(header)
