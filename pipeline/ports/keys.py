"""What wraps keys."""

from typing import Protocol

from pipeline.domain.crypto import Purpose


class KeyProvider(Protocol):
    """Wraps and unwraps data-encryption keys; the key-encryption keys never leave it.

    Shaped for a file, the environment, a transit engine or a cloud service alike.
    """

    @property
    def active_kek_id(self) -> int:
        """The id of the key-encryption key that wraps from now on."""
        ...

    def wrap(self, pid: bytes, epoch: int, purpose: Purpose, kver: int, dek: bytes) -> bytes:
        """Return `dek` (32 bytes) wrapped and bound to its place, 66 bytes."""
        ...

    def unwrap(self, pid: bytes, epoch: int, purpose: Purpose, kver: int, wrapped: bytes) -> bytes:
        """Return the key in `wrapped`.

        Raises `UnsupportedBox`, `UnknownKek` or `TamperedRecord` of `pipeline.domain.crypto`.
        """
        ...
