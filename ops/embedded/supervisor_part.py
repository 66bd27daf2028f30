"""A part of the stack: a process, how it is started, when it serves, how it ends."""

import asyncio
import subprocess
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM, Signals

from pipeline.errors import StoreUnavailable

Alive = Callable[[], bool]

_POLL_SECONDS = 0.1
_ASK_SECONDS = 2.0


def nothing() -> None:
    """Prepare nothing."""


async def at_once(_alive: Alive) -> None:
    """Count as serving from the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a supervisor must know of a process."""

    name: str
    log: Path
    command: Callable[[], list[str]]
    env: Callable[[], Mapping[str, str]]  # asked at every start
    prepare: Callable[[], None] = nothing  # before every start; may block, may raise ConfigError
    ready: Callable[[Alive], Awaitable[None]] = at_once  # StoreUnavailable: it will not serve
    stop_signal: Signals = SIGTERM
    grace_s: float = 15.0
    nice: int = 0
    background: bool = False  # nobody waits until it serves


@dataclass(slots=True)
class Child:
    """A part and what has become of it."""

    part: Part
    serving: asyncio.Event
    process: "subprocess.Popen[bytes] | None" = None
    restarts: int = 0
    up: bool = False  # it serves, in its present life

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def served(self) -> bool:
        """Whether it has served at least once."""
        return self.serving.is_set()


def child_of(part: Part) -> Child:
    """A part that has not been started."""
    return Child(part, asyncio.Event())


async def answers(url: str, alive: Alive) -> None:
    """Return when an HTTP server answers with success.

    Raises:
        StoreUnavailable: its process has ended.
    """
    while not await asyncio.to_thread(_answers, url):
        if not alive():
            raise StoreUnavailable("the process ended before it answered")
        await asyncio.sleep(_POLL_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_ASK_SECONDS) as reply:  # noqa: S310  our own URL
            return bool(200 <= reply.status < 300)
    except (urllib.error.URLError, OSError):
        return False
