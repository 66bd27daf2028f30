"""What a killed PostgreSQL leaves behind, and when a new one may take its place.

`postmaster.pid` holds, a line each: process id, data directory, start time, port, socket folder,
address, and the key and id of a shared memory segment that every server process is attached to.
"""

import time
from pathlib import Path

import psutil

from pipeline.errors import ConfigError

_SEGMENT_LINE = 6
_GONE_SECONDS = 15
_POLL_SECONDS = 0.05


def require_gone(cluster: Path) -> None:
    """Wait for the last process of an earlier server, and forget a process id used by another.

    The sessions of a killed server live on for a moment, and a new server refuses to start beside
    them. A process id that now belongs to a stranger looks like a running server, for ever.

    Raises:
        ConfigError: a server runs on this data, or its sessions do not end.
    """
    pid_file = cluster / "postmaster.pid"
    if not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    owner = int(lines[0]) if lines else 0
    if _serves(owner, cluster):
        raise ConfigError([f"a PostgreSQL already runs on {cluster} (process {owner})"])
    deadline = time.monotonic() + _GONE_SECONDS
    while _attached(lines) > 0:
        if time.monotonic() > deadline:
            raise ConfigError([f"sessions of a killed PostgreSQL still use {cluster}: end them"])
        time.sleep(_POLL_SECONDS)
    if psutil.pid_exists(owner):  # a stranger by now; else PostgreSQL looks after the file itself
        pid_file.unlink()


def _serves(pid: int, cluster: Path) -> bool:
    try:
        return str(cluster) in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def _attached(lines: list[str]) -> int:
    """How many processes hold the segment; 0 where the system does not tell."""
    table = Path("/proc/sysvipc/shm")
    if len(lines) <= _SEGMENT_LINE or not table.exists():
        return 0
    segment = lines[_SEGMENT_LINE].split()[-1]
    header, *rows = (row.split() for row in table.read_text().splitlines())
    counts = (dict(zip(header, row, strict=False)) for row in rows)
    return sum(int(row["nattch"]) for row in counts if row["shmid"] == segment)
