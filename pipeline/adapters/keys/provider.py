"""Wrapping with key-encryption keys that this process holds."""

from dataclasses import dataclass

from pipeline.domain.crypto import Kek, Purpose, unwrap_key, wrap_key


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """A `KeyProvider` over keys in memory; the first wraps, any of them unwraps."""

    keks: tuple[Kek, ...]

    @property
    def active_kek_id(self) -> int:
        """The id of the key that wraps from now on."""
        return self.keks[0].id

    def wrap(self, pid: bytes, epoch: int, purpose: Purpose, kver: int, dek: bytes) -> bytes:
        """Return `dek` wrapped under the active key and bound to its place."""
        return wrap_key(self.keks[0], pid, epoch, purpose, kver, dek)

    def unwrap(self, pid: bytes, epoch: int, purpose: Purpose, kver: int, wrapped: bytes) -> bytes:
        """Return the key in `wrapped`; raises as `pipeline.domain.crypto.unwrap_key` does."""
        return unwrap_key(self.keks, pid, epoch, purpose, kver, wrapped)
