"""The sealed box, in which every piece of content rests. Integers are big-endian.

    offset  length  field
    0       1       version, 1
    1       1       algorithm: 1 AES-256-GCM, 2 AES-256-GCM-SIV
    2       1       flags: bit 0 raw deflate, bit 1 padded, others zero
    3       1       kind
    4       2       epoch
    6       2       kver, the version of the data-encryption key within the epoch
    8       12      nonce, random for every box
    20      n       ciphertext and 16-byte tag

Associated data: "TMS1", bytes 0 to 7, pid, rid. Before encryption the content is compressed, where
that pays and where nobody else's secret can lie beside it, and padded.
"""

import os
import struct
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.exceptions import InvalidTag

from pipeline.domain.crypto.aead import NONCE_BYTES, Aead, Alg, ciphers
from pipeline.domain.crypto.deflate import deflated, inflated
from pipeline.domain.crypto.errors import TamperedRecord, UnsupportedBox
from pipeline.domain.crypto.padding import pad, unpad

VERSION = 1
BOX_OVERHEAD = 36
"""Bytes that a box adds to the padded content."""

_HEADER = struct.Struct(">BBBBHH")
_NAMES = struct.Struct(">HH")
_NONCE_AT = 8
_SEALED_AT = _NONCE_AT + NONCE_BYTES
_CONTEXT = b"TMS1"
_ID_BYTES = 16
_DEFLATED = 1
_PADDED = 2
_FORMATS = {
    bytes((VERSION, alg, flags)): (int(alg), flags)
    for alg in Alg
    for flags in range((_DEFLATED | _PADDED) + 1)
}


class Kind(IntEnum):
    """What a box holds. The numbers are part of the format; 7, 8 and 11 to 15 are unused."""

    MESSAGE = 1
    FACT = 2
    PREFERENCE = 3
    SUMMARY = 4
    PROFILE = 5
    CONVERSATION = 6
    SEARCH_SEGMENT = 9
    VECTOR_SEGMENT = 10
    EVENT = 16
    TABLE_STATE = 17
    DEAD_LETTER = 18


_KINDS = frozenset(Kind)
_COMPRESSED = frozenset({Kind.MESSAGE, Kind.SUMMARY, Kind.SEARCH_SEGMENT})
_UNPADDED = frozenset({Kind.VECTOR_SEGMENT})  # its length says nothing but a count


@dataclass(frozen=True, slots=True)
class ContentKey:
    """A key that seals boxes, with the epoch and key version it stamps on them."""

    epoch: int
    kver: int
    stamp: bytes = field(repr=False)
    ciphers: dict[int, Aead] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BoxHeader:
    """The readable, authenticated start of a box; (epoch, kver) names the key."""

    ver: int
    alg: Alg
    flags: int
    kind: Kind
    epoch: int
    kver: int


def make_content_key(key: bytes, epoch: int, kver: int) -> ContentKey:
    """Return the `ContentKey` of 32 key bytes; epoch and kver are u16."""
    return ContentKey(epoch, kver, _NAMES.pack(epoch, kver), ciphers(key))


def seal(
    key: ContentKey,
    kind: Kind,
    pid: bytes,
    rid: bytes,
    plaintext: bytes,
    *,
    alg: Alg = Alg.AES_256_GCM,
    nonce: bytes | None = None,
) -> bytes:
    """Return the box of `plaintext`, bound to the user (pid, 16 B) and the record (rid, 16 B).

    Two calls give two boxes. `nonce` exists for known answers; everything else leaves it out.
    Raises `UnsupportedBox` where this build of OpenSSL lacks `alg`.
    """
    flags = 0
    if kind in _COMPRESSED and (packed := deflated(plaintext)) is not None:
        plaintext, flags = packed, _DEFLATED
    if kind not in _UNPADDED:
        plaintext, flags = pad(plaintext), flags | _PADDED
    header = bytes((VERSION, alg, flags, kind)) + key.stamp
    nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
    context = _associated(header, pid, rid)
    return header + nonce + _cipher(key, alg).encrypt(nonce, plaintext, context)


def open_box(key: ContentKey, kind: Kind, pid: bytes, rid: bytes, box: bytes) -> bytes:
    """Return what was sealed in `box` for exactly this key, kind, user and record.

    Raises:
        UnsupportedBox: the format is unknown.
        TamperedRecord: anything else does not fit.
    """
    alg, flags = _format_of(box)
    if box[3:_NONCE_AT] != bytes((kind,)) + key.stamp:
        raise TamperedRecord("the box is of another kind or under another key")
    cipher, context = _cipher(key, alg), _associated(box[:_NONCE_AT], pid, rid)
    try:
        content = cipher.decrypt(box[_NONCE_AT:_SEALED_AT], box[_SEALED_AT:], context)
    except InvalidTag:
        raise TamperedRecord("the box does not authenticate") from None
    if flags & _PADDED:
        content = unpad(content)
    return inflated(content) if flags & _DEFLATED else content


def box_header(box: bytes) -> BoxHeader:
    """Return the header of a box, not yet authenticated; raises `UnsupportedBox`."""
    _format_of(box)
    ver, alg, flags, kind, epoch, kver = _HEADER.unpack_from(box)
    if kind not in _KINDS:
        raise UnsupportedBox("the box is of an unknown kind")
    return BoxHeader(ver, Alg(alg), flags, Kind(kind), epoch, kver)


def _format_of(box: bytes) -> tuple[int, int]:
    """Return algorithm and flags of a box whose format is known."""
    if len(box) < BOX_OVERHEAD:
        raise UnsupportedBox("the bytes are too few for a box")
    if (known := _FORMATS.get(box[:3])) is None:
        raise UnsupportedBox("the box's version, algorithm or flags are unknown")
    return known


def _cipher(key: ContentKey, alg: int) -> Aead:
    if (cipher := key.ciphers.get(alg)) is None:
        raise UnsupportedBox("this build of OpenSSL lacks the box's algorithm")
    return cipher


def _associated(header: bytes, pid: bytes, rid: bytes) -> bytes:
    if len(pid) != _ID_BYTES or len(rid) != _ID_BYTES:
        raise ValueError("pid and rid are 16 bytes each")
    return _CONTEXT + header + pid + rid
