"""The data directory: its marker, its lock, and what in it is ours.

VERSION      the layout of this directory; also the mark that it is ours
stack.json   ports and the installation's id, remembered across starts
keys/        the key file of a developer's machine
kafka/ postgres/ vectors/   one engine each
logs/ run/   logs, and what is true while a stack runs
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError

LAYOUT = "1"
NEEDED_BYTES = 2**30

_VERSION = "VERSION"
_FOLDERS = ("keys", "kafka", "postgres", "vectors", "logs", "run")
_OURS = frozenset({_VERSION, "stack.json", *_FOLDERS})
_LOCK_SECONDS = 0.5  # a command may hold the lock for an instant, to see whether it is free
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below an absolute data directory."""

    root: Path

    def folder(self, name: str) -> Path:
        """The folder of an engine, or another one of ours."""
        return self.root / name

    def log(self, name: str) -> Path:
        """The log of a process."""
        return self.root / "logs" / f"{name}.log"

    @property
    def memory(self) -> Path:
        """What is remembered across starts."""
        return self.root / "stack.json"

    @property
    def run(self) -> Path:
        """What is true while a stack runs, and what publishing remembers."""
        return self.root / "run"


def open_home(data_dir: Path, needed_bytes: int = NEEDED_BYTES) -> Home:
    """Make or check the data directory; mode 0700.

    Raises:
        ConfigError: it is of another layout, holds somebody else's files, or the disk is full.
    """
    home = Home(data_dir.resolve())
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_ours(home)
    free = shutil.disk_usage(home.root).free
    if free < needed_bytes:
        room = f"{free // 2**20} MiB are free, {needed_bytes // 2**20} are needed"
        raise ConfigError([f"the disk of {home.root} is full: {room}; set DATA_DIR to another"])
    home.root.chmod(0o700)
    for name in ("logs", "run"):
        home.folder(name).mkdir(mode=0o700, exist_ok=True)
    (home.root / _VERSION).write_text(LAYOUT + "\n")
    return home


def is_home(home: Home) -> bool:
    """Whether this is a data directory that we have made."""
    return (home.root / _VERSION).is_file()


def erase(home: Home) -> None:
    """Delete what is ours, and the directory if nothing else is in it.

    Raises:
        ConfigError: it bears no mark of ours; nothing was deleted.
    """
    if not is_home(home):
        raise ConfigError([f"{home.root} is not a data directory of Tidemark: nothing deleted"])
    # The mark goes last: what an interruption leaves can be deleted by another try.
    for name in (*_FOLDERS, "stack.json", _VERSION):
        path = home.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if not any(home.root.iterdir()):
        home.root.rmdir()


@contextmanager
def held(home: Home) -> Iterator[bool]:
    """Hold the directory for the length of the block; False when another process does."""
    with _lock_file(home).open("a") as file:
        os.fchmod(file.fileno(), 0o600)
        deadline = time.monotonic() + _LOCK_SECONDS
        while not (ours := _try_lock(file.fileno(), fcntl.LOCK_EX)):
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        yield ours


def is_held(home: Home) -> bool:
    """Whether a stack runs on this directory."""
    if not _lock_file(home).exists():
        return False
    with _lock_file(home).open() as file:
        return not _try_lock(file.fileno(), fcntl.LOCK_SH)


def _require_ours(home: Home) -> None:
    version = home.root / _VERSION
    if version.is_file():
        found = version.read_text().strip()
        if found != LAYOUT:
            line = f"{home.root} is of layout {found[:20]}, this Tidemark uses {LAYOUT}"
            raise ConfigError([f"{line}: move it away, or run the version that made it"])
    elif any(path.name not in _OURS for path in home.root.iterdir()):
        raise ConfigError([f"{home.root} holds other files than ours: set DATA_DIR to a new one"])


def _lock_file(home: Home) -> Path:
    return home.run / "lock"


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
