"""Positions on the public topic, and the opaque token in which a writer gets them back.

The token is URL-safe base64 without padding of: u8 version 1, then per partition, in ascending
order, u16 partition and u64 offset, big-endian.
"""

import base64
import struct
from collections.abc import Iterable
from dataclasses import dataclass

MAX_POSITIONS = 64

_VERSION = b"\x01"
_ENTRY = struct.Struct(">HQ")
_MAX_PARTITION = 0xFFFF
_MAX_OFFSET = 2**63 - 1
_LONGEST = -(-4 * (1 + MAX_POSITIONS * _ENTRY.size) // 3)


class InvalidPosition(ValueError):  # noqa: N818  reads as the reason it is
    """A token that no version of this code has issued; it is not repeated."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The offset of a record in a partition."""

    partition: int
    offset: int


def merge_positions(positions: Iterable[Position]) -> tuple[Position, ...]:
    """Return the furthest position of each partition, in order of partition."""
    furthest = {p.partition: p.offset for p in sorted(positions)}
    return tuple(Position(partition, offset) for partition, offset in furthest.items())


def encode_position(positions: Iterable[Position]) -> str:
    """Return the token of 1 to 64 partitions' furthest positions; raises `InvalidPosition`."""
    merged = merge_positions(positions)
    if not 1 <= len(merged) <= MAX_POSITIONS:
        raise InvalidPosition(f"a token holds 1 to {MAX_POSITIONS} partitions")
    for p in merged:
        if not (0 <= p.partition <= _MAX_PARTITION and 0 <= p.offset <= _MAX_OFFSET):
            raise InvalidPosition("a partition or offset is out of range")
    packed = _VERSION + b"".join(_ENTRY.pack(p.partition, p.offset) for p in merged)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_position(token: str) -> tuple[Position, ...]:
    """Return what a token holds; raises `InvalidPosition` unless `encode_position` made it."""
    packed = _packed(token)
    if packed[:1] != _VERSION or len(packed) % _ENTRY.size != 1:
        raise InvalidPosition("the token is of an unknown version or cut off")
    positions = tuple(Position(*entry) for entry in _ENTRY.iter_unpack(packed[1:]))
    if encode_position(positions) != token:
        raise InvalidPosition("the token is not in its canonical form")
    return positions


def _packed(token: str) -> bytes:
    if len(token) > _LONGEST:
        raise InvalidPosition("the token is too long")
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True)
    except ValueError:
        raise InvalidPosition("the token is not base64") from None
