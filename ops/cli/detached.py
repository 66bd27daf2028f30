"""A stack that outlives the command that started it."""

import subprocess
import sys
import time

import typer

from ops.embedded.stack_home import open_home
from ops.embedded.state import StackState, running
from pipeline.errors import ConfigError, TidemarkError
from pipeline.settings import environment, settings

_START_SECONDS = 600  # a first start downloads and exports
_POLL_SECONDS = 0.2


class StartError(TidemarkError):
    """The stack ended before it was up; the text is what it said."""


def start_detached() -> None:
    """Start a stack in the background and return when it is up; raises `StartError`."""
    home = open_home(settings().data_dir)
    if running(home):
        raise ConfigError([f"a stack already runs in {home.root}: see tidemark status"])
    log = home.log("supervisor")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "up"],
            env=environment({}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        state = running(home)
        if state is not None and state.ready:
            _announce(state)
            return
        time.sleep(_POLL_SECONDS)
    last = log.read_text(errors="replace").strip().splitlines()[-1:]
    raise StartError(last[0].removeprefix("tidemark: ") if last else f"it did not start: see {log}")


def _announce(state: StackState) -> None:
    where = state.addresses
    typer.echo(f"everything is up: API {where.api}, Kafka {where.kafka}; stop: tidemark down")
