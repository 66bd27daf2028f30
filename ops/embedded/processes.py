"""Child processes that cannot outlive their parent: starting, awaiting and ending them.

A child is a plain `subprocess.Popen`, so that supervisors on an event loop and tests without one
share it: await `exited`, and call `terminate` through `asyncio.to_thread`.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")
_POLL_SECONDS = 0.05


def spawn(
    argv: Sequence[str],
    env: Mapping[str, str],
    log_path: Path,
    *,
    nice: int = 0,
    death_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start `argv` with exactly `env`, in a process group of its own, output appended to a log.

    The group keeps a terminal's Ctrl-C away from it. On Linux it gets `death_signal` when the
    THREAD that called this ends, so call from one that lives as long as the process; on other
    systems a killed parent leaves it behind. `argv[0]` must be a path: nothing is searched.
    """
    launcher = (sys.executable, "-I", "-S", str(_LAUNCH), "--parent", str(os.getpid()))
    options = ("--nice", str(nice), "--death-signal", str(int(death_signal)))
    log_path.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [*launcher, *options, "--", *argv],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    finally:
        os.close(log)


async def exited(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process to end, without a thread; its exit status, negative for a signal."""
    while (status := process.poll()) is None:  # noqa: ASYNC110  a process sets no event
        await asyncio.sleep(_POLL_SECONDS)
    return status


def terminate(
    process: subprocess.Popen[bytes],
    grace_s: float,
    first: signal.Signals = signal.SIGTERM,
) -> int:
    """Ask the process to end with `first`, then kill its whole group; blocks; its exit status.

    Harmless on a process that has ended already.
    """
    process.send_signal(first)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
