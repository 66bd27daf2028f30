"""Who and which: pseudonyms, derived ids, and the partition Kafka's clients would choose.

Every derived id is a UUIDv5, so a retry, a redelivery or a rebuild arrives at the same id.
"""

import hashlib
import hmac
import uuid

from pipeline.domain.utf8 import utf8

PID_BYTES = 16
MAX_UID_BYTES = 128
NO_PID = bytes(PID_BYTES)
"""The pseudonym of nobody; dead letters are sealed under it."""

_PID_LABEL = b"tidemark/v1/pid"
_POSITIONS = uuid.UUID("78fc2c97-4af8-443c-af32-f7c475170b48")
_PID_KEY_BYTES = 32

_WORD = 0xFFFFFFFF
_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_POSITIVE = 0x7FFFFFFF


class InvalidIdentity(ValueError):  # noqa: N818  reads as the reason it is
    """A tenant, user id or message id that cannot name anything; the text is not repeated."""


def pid_of(k_pid: bytes, tenant: str, uid: str) -> bytes:
    """Return the 16-byte pseudonym of `uid` in `tenant` under the 32-byte secret `k_pid`.

    HMAC-SHA256 over the label, the tenant and the user id with NUL between them, cut to 16 bytes.
    Both names are 1..128 bytes of UTF-8 without NUL, else `InvalidIdentity` (or `NotUnicode`).
    """
    if len(k_pid) != _PID_KEY_BYTES:
        raise ValueError("the pseudonym key is not 32 bytes")
    message = b"\0".join((_PID_LABEL, _name("tenant", tenant), _name("user id", uid)))
    return hmac.digest(k_pid, message, "sha256")[:PID_BYTES]


def event_id_of(pid: bytes, message_id: str) -> uuid.UUID:
    """Return the event id that a user's own `message_id` stands for: UUIDv5 in the user's space."""
    if not message_id:
        raise InvalidIdentity("the message id is empty")
    return _uuid5(pid, utf8(message_id))


def event_id_at(topic: str, partition: int, offset: int) -> uuid.UUID:
    """Return the id of an event known only by where it first lay; also the rid of a dead letter."""
    return _uuid5(_POSITIONS.bytes, f"{topic}/{partition}/{offset}".encode())


def point_id_of(pid: bytes, event_id: uuid.UUID, chunk: int) -> uuid.UUID:
    """Return the vector point's id of the `chunk`-th piece (from 0) of a user's event's text.

    The event id alone would not do: producers choose it, and two users may have the same.
    """
    return _uuid5(pid, event_id.bytes + b"/chunk/%d" % chunk)


def murmur2_partition(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner gives `key`: murmur2, sign dropped."""
    return (_murmur2(key) & _POSITIVE) % partitions


def _name(what: str, text: str) -> bytes:
    encoded = utf8(text)
    if not 0 < len(encoded) <= MAX_UID_BYTES:
        raise InvalidIdentity(f"the {what} is not 1 to {MAX_UID_BYTES} bytes long")
    if b"\0" in encoded:
        raise InvalidIdentity(f"the {what} contains NUL")
    return encoded


def _uuid5(namespace: bytes, name: bytes) -> uuid.UUID:
    # uuid.uuid5 wants a UUID and a str; here both sides are bytes already.
    digest = hashlib.sha1(namespace + name, usedforsecurity=False).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def _murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, with the seed of Kafka's `Utils.murmur2`."""
    h = _SEED ^ len(data)
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _MULTIPLIER & _WORD
        k = (k ^ k >> 24) * _MULTIPLIER & _WORD
        h = h * _MULTIPLIER & _WORD ^ k
    if tail := data[whole:]:
        h = (h ^ int.from_bytes(tail, "little")) * _MULTIPLIER & _WORD
    h = (h ^ h >> 13) * _MULTIPLIER & _WORD
    return h ^ h >> 15
