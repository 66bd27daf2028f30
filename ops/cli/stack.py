"""`tidemark up`, `down`, `status` and `reset`."""

from typing import Annotated

import typer

_STOP_SECONDS = 90


def up(
    detach: Annotated[bool, typer.Option("--detach", help="Return when everything is up.")] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Publish the sample conversations and ask about them.")
    ] = False,
) -> None:
    """Start Kafka, PostgreSQL, the vector engine, the workers and the API, and keep them up."""
    if detach:
        from ops.cli.detached import start_detached

        start_detached()
        return
    import asyncio

    from ops.cli.common import out, quiet_logs
    from ops.cli.tour import show_around
    from ops.embedded.stack_reach import developer_settings
    from ops.embedded.stack_run import run_stack

    quiet_logs()
    console = out()
    tour = show_around(console, demo=demo)
    asyncio.run(run_stack(developer_settings(), console.print, tour))
    console.print("everything is stopped")


def down() -> None:
    """Stop the stack that runs in the data directory."""
    import os
    import signal
    import time

    from ops.embedded.stack_home import Home, is_held
    from ops.embedded.state import running
    from pipeline.errors import ConfigError
    from pipeline.settings import settings

    home = Home(settings().data_dir.resolve())
    state = running(home)
    if state is None:
        typer.echo(f"no stack runs in {home.root}")
        return
    os.kill(state.supervisor, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while is_held(home):
        if time.monotonic() > deadline:
            raise ConfigError([f"process {state.supervisor} does not end: kill -9 it"])
        time.sleep(0.1)
    typer.echo("everything is stopped")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell where the parts listen, which processes run, and where each stage stands."""
    import asyncio
    import json

    from ops.cli.common import out, quiet_logs
    from ops.cli.report import read_report, show_report

    quiet_logs()
    report = asyncio.run(read_report())
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        show_report(report, out())
    if not report["running"]:
        raise typer.Exit(1)


def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the data directory: topics, database, vectors, keys. There is no way back."""
    from ops.embedded.stack_home import Home, erase, held, is_home
    from pipeline.errors import ConfigError
    from pipeline.settings import settings

    home = Home(settings().data_dir.resolve())
    if not is_home(home):
        raise ConfigError([f"{home.root} is not a data directory of Tidemark: nothing deleted"])
    with held(home) as ours:
        if not ours:
            raise ConfigError([f"a stack runs in {home.root}: stop it with `tidemark down` first"])
        if not yes:
            typer.confirm(f"Delete everything that Tidemark keeps in {home.root}?", abort=True)
        erase(home)
    typer.echo(f"deleted {home.root}")
