"""What a dead letter keeps of a record: key and value in one plaintext.

Each as `i32 length | bytes`, big-endian, length -1 for none.
"""

import struct

# Sealed and padded, both fit into the dead-letter topic's limit of 2 MiB.
KEPT_KEY_BYTES = 64 * 1024
KEPT_VALUE_BYTES = 1024 * 1024

Original = tuple[bytes | None, bytes | None]  # key, value


def pack_original(key: bytes | None, value: bytes | None) -> bytes:
    """Key and value as one plaintext, each cut to what a letter may hold."""
    return _part(key, KEPT_KEY_BYTES) + _part(value, KEPT_VALUE_BYTES)


def fits(key: bytes | None, value: bytes | None) -> bool:
    """Whether a letter holds it whole: a compressed batch may bring more than any limit."""
    return len(key or b"") <= KEPT_KEY_BYTES and len(value or b"") <= KEPT_VALUE_BYTES


def unpack_original(plaintext: bytes) -> Original:
    """What `pack_original` took."""
    key, rest = _take(plaintext)
    return key, _take(rest)[0]


def _part(part: bytes | None, limit: int) -> bytes:
    if part is None:
        return struct.pack(">i", -1)
    kept = part[:limit]
    return struct.pack(">i", len(kept)) + kept


def _take(packed: bytes) -> tuple[bytes | None, bytes]:
    (length,) = struct.unpack_from(">i", packed)
    if length < 0:
        return None, packed[4:]
    return packed[4 : 4 + length], packed[4 + length :]
