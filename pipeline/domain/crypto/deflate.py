"""Raw deflate that must pay for itself, and inflate that cannot be made to explode."""

import zlib

from pipeline.domain.crypto.errors import TamperedRecord

WORTHWHILE = 512
"""Plaintexts shorter than this are never compressed (bytes)."""

MAX_INFLATED = 16 * 1024 * 1024
"""No box inflates to more than this (bytes); a longer plaintext is stored as it is."""

_RAW = -zlib.MAX_WBITS


def deflated(plaintext: bytes) -> bytes | None:
    """Return the raw deflate stream, or None where it does not save a tenth."""
    if not WORTHWHILE <= len(plaintext) <= MAX_INFLATED:
        return None
    packer = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, _RAW)
    packed = packer.compress(plaintext) + packer.flush()
    return packed if len(packed) * 10 <= len(plaintext) * 9 else None


def inflated(packed: bytes) -> bytes:
    """Undo `deflated`; raises `TamperedRecord` for a broken stream or one beyond the cap."""
    unpacker = zlib.decompressobj(_RAW)
    try:
        plaintext = unpacker.decompress(packed, MAX_INFLATED)
    except zlib.error:
        raise TamperedRecord("the compressed content is malformed") from None
    if not unpacker.eof or unpacker.unused_data:
        raise TamperedRecord("the compressed content is cut off, too long or followed by more")
    return plaintext
