"""Under which name a worker is a member of its consumer group: stable, and held by one process."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import IO

from pipeline.errors import ConfigError
from pipeline.settings import Settings, host_name

MOST_WORKERS = 64  # of one consumer on one host


def member(settings: Settings, consumer: str) -> tuple[str, IO[str]]:
    """This worker's stable name, and the lock that keeps it unique on this host.

    Raises:
        ConfigError: every name is taken.
    """
    folder = settings.data_dir / "run"
    folder.mkdir(parents=True, exist_ok=True)
    if settings.tidemark_worker_id:
        return f"{consumer}-{settings.tidemark_worker_id}", open(os.devnull)  # noqa: PTH123
    for slot in range(1, MOST_WORKERS + 1):
        lock = _locked(folder / f"{consumer}-{slot}.lock")
        if lock is not None:
            return f"{consumer}-{host_name()}-{slot}", lock
    raise ConfigError([f"{MOST_WORKERS} workers of {consumer} run here: set TIDEMARK_WORKER_ID"])


def _locked(path: Path) -> IO[str] | None:
    lock = path.open("w")
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock
    lock.close()
    return None
