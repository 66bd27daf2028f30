"""Root secrets in a file of mode 0600: `{"v": 1, "keks": "1:base64", "pid_key": "base64"}`."""

import base64
import os
import secrets
import stat
from pathlib import Path

import orjson

from pipeline.adapters.keys.secrets import Secrets, secrets_from_text
from pipeline.errors import ConfigError

_VERSION = 1
_KEY_BYTES = 32


def create_key_file(path: Path) -> bool:
    """Make a key file with fresh keys unless `path` exists; tell whether it was made now.

    Of several processes that start at once one makes it, and none ever sees half of it.
    """
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_durably(draft, _fresh())
        path.hardlink_to(draft)  # unlike a rename, this never replaces keys already in use
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return True


def secrets_from_file(path: Path) -> Secrets:
    """Return the secrets in a key file.

    Raises `ConfigError` if it cannot be read, if others than its owner can read or write it, and
    for every reason of `check_secrets`.
    """
    try:
        fields = orjson.loads(_private_bytes(path))
    except OSError as error:
        raise ConfigError([f"key file {path}: {error.strerror}"]) from None
    except orjson.JSONDecodeError:
        raise ConfigError([f"key file {path}: is not JSON"]) from None
    if not isinstance(fields, dict) or fields.get("v") != _VERSION:
        raise ConfigError([f"key file {path}: is of an unknown version"])
    try:
        return secrets_from_text(str(fields.get("keks", "")), str(fields.get("pid_key", "")))
    except ConfigError as error:
        raise ConfigError([f"key file {path}: {reason}" for reason in error.reasons]) from None


def _private_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError([f"key file {path}: is open to others; chmod 600 it"])
        return file.read()


def _fresh() -> bytes:
    kek, pid_key = (base64.b64encode(os.urandom(_KEY_BYTES)).decode() for _ in range(2))
    return orjson.dumps({"v": _VERSION, "keks": f"1:{kek}", "pid_key": pid_key}) + b"\n"


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
