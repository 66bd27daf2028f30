"""The root secrets as values: read from text, refused when weak."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.domain.crypto import Kek
from pipeline.errors import ConfigError

PUBLISHED_SAMPLES = frozenset({bytes(range(32)), bytes(range(32, 64))})
"""Keys that stand in our documentation. Examples use these and no others, so each is refused."""

_KEY_BYTES = 32
_MAX_ID = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Secrets:
    """Key-encryption keys, the active one first, and the key that makes pseudonyms."""

    keks: tuple[Kek, ...]
    pid_key: bytes = field(repr=False)


def secrets_from_text(keks: str, pid_key: str) -> Secrets:
    """Return the secrets in `id:base64,id:base64` (the first is active) and `base64`.

    Raises `ConfigError` with every reason of `check_secrets`.
    """
    entries = [entry for entry in keks.split(",") if entry.strip()]
    found = Secrets(tuple(_kek(entry) for entry in entries), _key(pid_key))
    if reasons := check_secrets(found):
        raise ConfigError(reasons)
    return found


def check_secrets(found: Secrets) -> list[str]:
    """Return why these secrets must not be used, a line each; no line repeats what it refuses."""
    reasons = [] if found.keks else ["no KEK is given (TIDEMARK_KEKS or a key file)"]
    for position, kek in enumerate(found.keks, 1):
        if not 0 < kek.id <= _MAX_ID:
            reasons.append(f"KEK {position}: the id is not a number from 1 to {_MAX_ID}")
        reasons += [f"KEK {position}: {weakness}" for weakness in _weaknesses(kek.key)]
        if kek.key and kek.key == found.pid_key:
            reasons.append(f"KEK {position}: is the pseudonym key as well")
    ids = Counter(kek.id for kek in found.keks)
    if any(count > 1 for count in ids.values()):
        reasons.append("two KEKs have the same id")
    return reasons + [f"pseudonym key: {weakness}" for weakness in _weaknesses(found.pid_key)]


def _weaknesses(key: bytes) -> Iterator[str]:
    if len(key) != _KEY_BYTES:
        yield "is missing or not 32 bytes in base64"
    elif len(set(key)) == 1:
        yield "all bytes are equal"
    elif key in PUBLISHED_SAMPLES:
        yield "is a published sample"


def _kek(entry: str) -> Kek:
    """Return the key of one entry; what cannot be read becomes a value that is refused."""
    number, _, key = entry.strip().partition(":")
    known = number.isascii() and number.isdigit() and len(number) <= len(str(_MAX_ID))
    return Kek(int(number) if known else 0, _key(key))


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
