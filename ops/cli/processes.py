"""Commands that become another process of Tidemark's: workers, the API, and the judges."""

import os
import sys
from typing import NoReturn

import typer

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def worker(context: typer.Context) -> None:
    """Run consumers in this process: tidemark worker admit persist."""
    _become("consumers", context.args)


def api(context: typer.Context) -> None:
    """Run the HTTP API in this process."""
    _become("api", context.args)


def verify(context: typer.Context) -> None:
    """Replay the journal and compare every store with the result."""
    _become("consumers.verify", context.args)


def quarantine(context: typer.Context) -> None:
    """List or retry what a view could not handle: tidemark quarantine list."""
    _become("consumers.quarantine", context.args)


def letters(context: typer.Context) -> None:
    """List or replay records that were not admitted: tidemark letters list."""
    _become("consumers.letters", context.args)


def reembed(context: typer.Context) -> None:
    """Embed everything again with the model of the settings."""
    _become("consumers.reembed", context.args)


def _become(module: str, arguments: list[str]) -> NoReturn:
    """Replace this process; a stack that runs in the data directory lends its addresses."""
    from ops.embedded.stack_reach import beside_the_stack, process_environment

    env = process_environment(beside_the_stack(), {})
    argv = [sys.executable, "-m", module, *arguments]
    os.execve(sys.executable, argv, env)  # noqa: S606  no shell wanted
