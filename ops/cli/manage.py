"""Topics and the database: what an operator does once, or after an accident."""

from typing import Annotated

import typer

topics = typer.Typer(help="The topics on Kafka.", no_args_is_help=True)
db = typer.Typer(help="The database.", no_args_is_help=True)


@topics.command()
def apply(
    adopt: Annotated[
        bool, typer.Option(help="The same records under other ids, as after a restore.")
    ] = False,
) -> None:
    """Create or alter the topics, and bind the database to them."""
    import asyncio

    from ops.cli.common import quiet_logs
    from ops.embedded.stack_reach import beside_the_stack
    from ops.topics import adopt_topics, prepare_topics

    quiet_logs()
    reached = beside_the_stack()
    if adopt:
        asyncio.run(adopt_topics(reached))
        typer.echo("the database now belongs to these topics")
        return
    report = asyncio.run(prepare_topics(reached))
    for what in ("created", "altered", "unchanged"):
        for name in getattr(report, what):
            typer.echo(f"{what:<10} {name}")


@topics.command()
def accept_loss(
    partition: Annotated[int, typer.Argument(min=0, help="Of the public topic.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    by: Annotated[
        str | None, typer.Option(help="Who decides, for the record; by default, who is logged in.")
    ] = None,
) -> None:
    """Go on without records that were trimmed before they were admitted."""
    import asyncio

    from ops.cli.common import operator, quiet_logs
    from ops.embedded.stack_reach import beside_the_stack
    from ops.topics import accept_loss as accept
    from ops.topics import find_loss

    quiet_logs()
    reached = beside_the_stack()
    lost = asyncio.run(find_loss(reached, partition))
    if lost is None:
        typer.echo(f"partition {partition} has lost nothing")
        return
    typer.echo(f"partition {partition}: records {lost.start} to {lost.end - 1} are gone for good")
    if not yes:
        typer.confirm("Go on without them?", abort=True)
    asyncio.run(accept(reached, lost, by or operator()))
    typer.echo(f"admit goes on at {lost.end}")


@db.command()
def upgrade() -> None:
    """Bring the database to the schema of this version."""
    from ops.cli.common import quiet_logs
    from ops.embedded.stack_reach import beside_the_stack
    from pipeline.adapters.postgres.migrate import upgrade as run

    quiet_logs()
    run(beside_the_stack().postgres_url.get_secret_value())
    typer.echo("the database is at the present schema")
