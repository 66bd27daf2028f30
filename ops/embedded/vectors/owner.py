"""Who owns the data directory, and whether its last owner stopped cleanly.

`lock` is held with flock as long as the process lives. `boot.json` is marked unclean before
anything is opened and clean after everything is closed; it is replaced in one rename.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from ops.embedded.vectors.files import read_json, write_json
from pipeline.errors import ConfigError

FORMAT = 1
BOOT_FILE = "boot.json"


@dataclass(slots=True)
class Boot:
    """What this start is, compared with the last; `seq` continues within one `boot_id`."""

    store_id: str
    boot_id: str
    clean: bool
    seq: int


@contextmanager
def sole_owner(root: Path) -> Iterator[Boot]:
    """Hold the directory; `ConfigError` when another process does, or another version wrote it."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("a+") as lock:
        _lock(lock, root)
        yield _begin(root / BOOT_FILE)


def record_clean_stop(root: Path, boot: Boot) -> None:
    """Say that everything is on disk; only to be called when it is."""
    _record(root / BOOT_FILE, boot, clean=True)


def _lock(lock: IO[str], root: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        raise ConfigError([f"{root} is in use by another process ({holder})"]) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def _begin(path: Path) -> Boot:
    last = _last(path)
    boot = Boot(last.get("store_id", str(uuid4())), str(uuid4()), clean=not last, seq=0)
    if last.get("clean"):
        boot = Boot(last["store_id"], last["boot_id"], clean=True, seq=last["seq"])
    _record(path, boot, clean=False)
    return boot


def _last(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        last: dict[str, Any] = read_json(path)
        known = last["format"]
    except (ValueError, KeyError, TypeError):
        raise ConfigError([f"{path} cannot be read"]) from None
    if known != FORMAT:
        raise ConfigError([f"{path.parent} was written by another version (format {known})"])
    return last


def _record(path: Path, boot: Boot, *, clean: bool) -> None:
    write_json(path, asdict(boot) | {"format": FORMAT, "clean": clean})
