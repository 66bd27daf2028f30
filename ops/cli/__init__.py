"""The command line `tidemark`. Commands import late, when they run: `--help` is instant."""

import sys
from collections.abc import Iterable
from typing import NoReturn

import typer

from ops.cli import ask, manage, processes, publishing, stack
from pipeline.errors import EXIT_CONFIG, EXIT_FATAL, ConfigError, FatalError, TidemarkError

app = typer.Typer(
    help="Conversational memory behind a Kafka topic.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # drawing boxes would take longer than everything else
    pretty_exceptions_enable=False,
)

for command in (stack.up, stack.down, stack.status, stack.reset):
    app.command()(command)
app.command()(publishing.publish)
app.add_typer(manage.topics, name="topics")
app.add_typer(manage.db, name="db")
app.command()(ask.context)
app.command()(ask.search)
for become in (
    processes.worker,
    processes.api,
    processes.verify,
    processes.quarantine,
    processes.letters,
    processes.reembed,
):
    app.command(context_settings=processes.PASS_ON, add_help_option=False)(become)


def main() -> None:
    """Run a command; what an operator can mend is told in a line, without a traceback."""
    try:
        app()
    except ConfigError as error:
        _leave(error.reasons, EXIT_CONFIG)
    except FatalError as error:
        _leave([str(error)], EXIT_FATAL)
    except TidemarkError as error:
        _leave([str(error)], 1)
    except OSError as error:
        _leave([f"{error.filename or 'input or output'}: {error.strerror}"], 1)
    except KeyboardInterrupt:
        sys.exit(130)


def _leave(lines: Iterable[str], status: int) -> NoReturn:
    for line in lines:
        typer.echo(f"tidemark: {line}", err=True)
    sys.exit(status)
