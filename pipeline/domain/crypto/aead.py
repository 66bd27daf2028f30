"""The two ciphers of the formats, both with a 12-byte nonce and a 16-byte tag at the end."""

from contextlib import suppress
from enum import IntEnum
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

NONCE_BYTES = 12
TAG_BYTES = 16


class Alg(IntEnum):
    """Algorithm byte of boxes and wrapped keys."""

    AES_256_GCM = 1
    AES_256_GCM_SIV = 2


class Aead(Protocol):
    """What both ciphers offer."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return ciphertext followed by the tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the plaintext; raises `InvalidTag`."""


def ciphers(key: bytes) -> dict[int, Aead]:
    """Return the ciphers of a 32-byte key by algorithm byte; OpenSSL before 3.2 has no GCM-SIV."""
    found: dict[int, Aead] = {Alg.AES_256_GCM: AESGCM(key)}
    with suppress(UnsupportedAlgorithm):  # what names it is then refused as unsupported
        found[Alg.AES_256_GCM_SIV] = AESGCMSIV(key)
    return found
