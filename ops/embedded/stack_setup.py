"""What a stack needs once its engines serve: keys, a database at the present schema, topics."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ops.blocking import in_daemon_thread
from ops.embedded import postgres
from ops.embedded.postgres import PostgresServer
from ops.embedded.stack import Stack
from ops.embedded.stack_reach import DATABASE
from ops.topics import prepare_topics
from pipeline import wiring
from pipeline.adapters.postgres.migrate import upgrade
from pipeline.settings import Settings


def make_keys(given: Settings) -> Path | None:
    """The key file, if it was made just now; in production keys are only checked.

    Raises:
        ConfigError: keys are missing, weak or samples, one line each.
    """
    path = given.key_file
    existed = path.exists()
    wiring.secrets(given)
    return path if path.exists() and not existed else None


async def set_up(stack: Stack, say: Callable[[str], None]) -> None:
    """Bring the database and the topics to what this version needs; harmless when they are.

    Raises:
        ConfigError: the database and the cluster do not belong together.
        StoreUnavailable: one of the user's own engines does not answer.
    """
    reached = stack.reached()
    port = stack.addresses.postgres_port
    if port is not None:
        server = PostgresServer(data_dir=stack.home.folder("postgres"), port=port)
        await postgres.create_database(postgres.url(server), DATABASE)
    await in_daemon_thread(partial(upgrade, reached.postgres_url.get_secret_value()))
    report = await prepare_topics(reached)
    if report.created:
        say(f"made the topics {', '.join(report.created)}")
    say("starting workers and API; a machine's first start takes a minute to prepare the model")
