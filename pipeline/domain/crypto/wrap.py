"""Wrapped keys: data-encryption keys at rest, under a key-encryption key. Integers are big-endian.

    u8 version 1 | u8 algorithm | u32 kek id | nonce[12] | ciphertext[32] | tag[16]

Associated data: "TMK1", u32 kek id, pid, u16 epoch, u16 purpose, u16 kver. GCM-SIV is preferred:
one key lives long, guards the most valuable plaintext, and a repeated nonce must not break it.
"""

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.exceptions import InvalidTag

from pipeline.domain.crypto.aead import NONCE_BYTES, Alg, ciphers
from pipeline.domain.crypto.errors import TamperedRecord, UnknownKek, UnsupportedBox

VERSION = 1
WRAPPED_BYTES = 66
DEK_BYTES = 32

_HEADER = struct.Struct(">BBI")
_CONTEXT = struct.Struct(">4sI16sHHH")
_LABEL = b"TMK1"
_ID_BYTES = 16


class Purpose(IntEnum):
    """What a data-encryption key is for. The numbers are part of the format."""

    DEK = 1
    """Content that expires with its month."""
    IDX = 2
    """Root of search, vector, token and ledger keys; one for the whole epoch."""
    DEAD_LETTER = 3
    """One a day, under the zero pid."""
    DURABLE = 4
    """Content that stays until it is deleted or the user is erased."""


@dataclass(frozen=True, slots=True)
class Kek:
    """A key-encryption key: 32 bytes and the u32 id that wrapped keys name."""

    id: int
    key: bytes = field(repr=False)


def wrap_key(kek: Kek, pid: bytes, epoch: int, purpose: Purpose, kver: int, dek: bytes) -> bytes:
    """Return `dek` (32 bytes) wrapped under `kek` and bound to its place: 66 bytes."""
    if len(dek) != DEK_BYTES:
        raise ValueError("a data-encryption key is 32 bytes")
    known = ciphers(kek.key)
    alg = max(known)  # GCM-SIV, unless this build of OpenSSL lacks it
    nonce = os.urandom(NONCE_BYTES)
    place = _place(kek.id, pid, epoch, purpose, kver)
    return _HEADER.pack(VERSION, alg, kek.id) + nonce + known[alg].encrypt(nonce, dek, place)


def unwrap_key(
    keks: Iterable[Kek], pid: bytes, epoch: int, purpose: Purpose, kver: int, wrapped: bytes
) -> bytes:
    """Return the data-encryption key in `wrapped`, which names the one of `keks` to use.

    Raises:
        UnsupportedBox: the format is unknown.
        UnknownKek: none of `keks` has the id.
        TamperedRecord: it was wrapped for another place, or altered.
    """
    kek_id = kek_id_of(wrapped)
    kek = next((kek for kek in keks if kek.id == kek_id), None)
    if kek is None:
        raise UnknownKek("no configured key-encryption key has the id that the wrapped key names")
    if (cipher := ciphers(kek.key).get(wrapped[1])) is None:
        raise UnsupportedBox("this build of OpenSSL lacks the wrapped key's algorithm")
    body = _HEADER.size + NONCE_BYTES
    place = _place(kek_id, pid, epoch, purpose, kver)
    try:
        return cipher.decrypt(wrapped[_HEADER.size : body], wrapped[body:], place)
    except InvalidTag:
        raise TamperedRecord("the wrapped key does not authenticate") from None


def kek_id_of(wrapped: bytes) -> int:
    """Return the id of the key-encryption key that `wrapped` names; raises `UnsupportedBox`."""
    if len(wrapped) != WRAPPED_BYTES:
        raise UnsupportedBox("a wrapped key is 66 bytes")
    ver, alg, kek_id = _HEADER.unpack_from(wrapped)
    if ver != VERSION or alg not in (Alg.AES_256_GCM, Alg.AES_256_GCM_SIV):
        raise UnsupportedBox("the wrapped key is of an unknown version or algorithm")
    return int(kek_id)


def _place(kek_id: int, pid: bytes, epoch: int, purpose: Purpose, kver: int) -> bytes:
    if len(pid) != _ID_BYTES:
        raise ValueError("a pid is 16 bytes")
    return _CONTEXT.pack(_LABEL, kek_id, pid, epoch, purpose, kver)
