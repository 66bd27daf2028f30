"""What a running stack says about itself in `run/state.json`: addresses and processes, no secret.

Only valid while the stack holds the data directory; a killed supervisor leaves a file that nobody
believes.
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ops.embedded.stack_home import Home, is_held
from ops.embedded.vectors.files import read_json, write_json
from pipeline.errors import ConfigError

_APPEARS_SECONDS = 3.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process of the stack; `pid` is None between a crash and the restart."""

    name: str
    pid: int | None
    up: bool
    restarts: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts listen. A port that is None belongs to a server that is not ours."""

    api: str  # http://host:port
    kafka: str  # host:port,…
    vectors: str  # http://host:port
    postgres: str  # host:port/database, without user and password
    postgres_port: int | None
    metrics: dict[str, str]  # by process


@dataclass(frozen=True, slots=True)
class StackState:
    """A running stack."""

    supervisor: int  # process id
    ready: bool  # everything was started once
    addresses: Addresses
    processes: tuple[ProcessState, ...]


def write_state(home: Home, state: StackState) -> None:
    """Replace the file in one step."""
    write_json(_file(home), asdict(state))


def forget_state(home: Home) -> None:
    """Remove the file; to be called by who holds the directory."""
    _file(home).unlink(missing_ok=True)


def running(home: Home) -> StackState | None:
    """The stack that runs on this data directory, or None.

    Raises:
        ConfigError: one is just starting or stopping and does not say where it listens.
    """
    deadline = time.monotonic() + _APPEARS_SECONDS
    while is_held(home):
        if _file(home).exists():
            return _read(_file(home))
        if time.monotonic() > deadline:
            raise ConfigError([f"a stack is just starting or stopping in {home.root}: try again"])
        time.sleep(_POLL_SECONDS)
    return None


def _read(path: Path) -> StackState:
    raw: dict[str, Any] = read_json(path)
    return StackState(
        supervisor=raw["supervisor"],
        ready=raw["ready"],
        addresses=Addresses(**raw["addresses"]),
        processes=tuple(ProcessState(**each) for each in raw["processes"]),
    )


def _file(home: Home) -> Path:
    return home.run / "state.json"
