"""Keys derived from a user's data-encryption keys by HKDF-SHA256, and the tokens made with one.

The salt is the pid and the numbers that name the key, as big-endian u16; the info names the use.
"""

import hmac
import struct
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.domain.crypto.box import ContentKey, make_content_key
from pipeline.domain.identity import NO_PID
from pipeline.domain.utf8 import utf8

TOKEN_BYTES = 8

_KEY_BYTES = 32
_LABELS = frozenset({b"C", b"H", b"S"})


def content_key(dek: bytes, pid: bytes, epoch: int, kver: int) -> ContentKey:
    """Return the key that seals content under a DEK of either content purpose."""
    return make_content_key(_derive(dek, "content", pid, epoch, kver), epoch, kver)


def dead_letter_key(dek: bytes, day: int) -> ContentKey:
    """Return the key that seals the dead letters of a UTC day, counted from 1970-01-01.

    It is the content key of the zero pid with the day as epoch and kver 1.
    """
    return content_key(dek, NO_PID, day, 1)


def segment_key(idx: bytes, pid: bytes, epoch: int, kver: int) -> ContentKey:
    """Return the key that seals search and vector segments; kver is that of the IDX key."""
    return make_content_key(_derive(idx, "seg", pid, epoch), epoch, kver)


def vector_key(idx: bytes, pid: bytes, epoch: int, dim: int) -> bytes:
    """Return the seed of the user's rotation of `dim`-dimensional vectors."""
    return _derive(idx, "vec-rot", pid, epoch, dim)


def token_key(idx: bytes, pid: bytes, epoch: int) -> bytes:
    """Return the key of the user's tokens."""
    return _derive(idx, "tok", pid, epoch)


def ledger_key(idx: bytes, pid: bytes, epoch: int) -> bytes:
    """Return the key of the MAC by which the id ledger tells a retry from another payload."""
    return _derive(idx, "ledger", pid, epoch)


def token(k_tok: bytes, label: Literal[b"C", b"H", b"S"], value: str) -> bytes:
    """Return the 8 bytes that stand for a conversation (C), channel (H) or session (S) in clear."""
    if label not in _LABELS:
        raise ValueError("the token's label is none of C, H and S")
    return hmac.digest(k_tok, label + b"\0" + utf8(value), "sha256")[:TOKEN_BYTES]


def _derive(root: bytes, use: str, pid: bytes, *numbers: int) -> bytes:
    salt = pid + struct.pack(f">{len(numbers)}H", *numbers)
    info = f"tidemark/v1/{use}".encode()
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=salt, info=info).derive(root)
