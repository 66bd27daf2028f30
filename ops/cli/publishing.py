"""`tidemark publish`: newline-delimited events to Kafka."""

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader

    from rich.console import Console

    from ops.publish import Tally, Target
    from pipeline.settings import Settings

_LINE_SECONDS = 5


def publish(
    file: Annotated[Path, typer.Argument(help="FILE.jsonl, or - for standard input.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run of this file stopped.")
    ] = False,
) -> None:
    """Publish events, one JSON object a line, keyed by their user."""
    import asyncio

    from ops.cli.common import quiet_logs
    from ops.embedded.stack_reach import beside_the_stack
    from ops.publish import Target
    from pipeline import wiring

    quiet_logs()
    settings = beside_the_stack()
    target = Target(wiring.kafka_options(settings), wiring.topics(settings).events)
    began = monotonic()
    if str(file) == "-":
        tally = asyncio.run(_from_stdin(target))
    else:
        tally = asyncio.run(_from_file(target, file, settings, resume=resume))
    _summary(tally, monotonic() - began)
    if tally.rejected:
        raise typer.Exit(1)


async def _from_stdin(target: "Target") -> "Tally":
    import sys
    from typing import cast

    from ops.publish import publish as run

    source = cast("BufferedReader", sys.stdin.buffer)
    with _shown(None) as (complain, settled):
        return await run(target, source, reject=complain, wait=complain, settled=settled)


async def _from_file(
    target: "Target", file: Path, settings: "Settings", *, resume: bool
) -> "Tally":
    from ops.publish_file import open_job, publish_job

    job = open_job(file, settings.data_dir)
    with _shown(job.source.lines) as (complain, settled):
        if resume and job.settled:
            complain(f"going on behind line {job.settled}")
        elif 0 < job.settled < job.source.lines:
            complain(f"an earlier run stopped behind line {job.settled}: --resume goes on there")
        return await publish_job(
            target, job, resume=resume, reject=complain, wait=complain, settled=settled
        )


@contextmanager
def _shown(
    total: int | None,
) -> "Iterator[tuple[Callable[[str], None], Callable[[Tally], None]]]":
    """Where complaints and progress go: a bar on a terminal, else a line now and then."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ops.cli.common import err

    console = err()
    if not console.is_terminal:
        yield partial(console.print, markup=False), _lines(console)
        return
    columns = (TextColumn("publishing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=total)
        complain = partial(console.print, markup=False)
        yield complain, lambda tally: progress.update(task, completed=tally.lines)


def _lines(console: "Console") -> "Callable[[Tally], None]":
    printed = [monotonic()]

    def settled(tally: "Tally") -> None:
        if monotonic() - printed[-1] > _LINE_SECONDS:
            console.print(f"{tally.lines:,} lines settled")
            printed[:] = [monotonic()]

    return settled


def _summary(tally: "Tally", seconds: float) -> None:
    rejected = sum(tally.rejected.values())
    rate = tally.published / seconds if seconds else 0.0
    line = f"published {tally.published:,} events in {seconds:.1f} s ({rate:,.0f} a second)"
    typer.echo(f"{line}, rejected {rejected:,}")
    for reason, count in tally.rejected.most_common():
        typer.echo(f"  {count:>8,}  {reason}")
