"""A scratch copy of a view: its tables under another schema, filled from the journal."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pipeline.adapters.kafka.options import KafkaOptions
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.keyring import Keyring
from pipeline.adapters.postgres.tables import metadata
from pipeline.errors import ConfigError, DataError, TidemarkError
from pipeline.stage import Record
from pipeline.stages.faults import is_records_own
from pipeline.stages.view import View
from pipeline.stages.view_stage import ViewStage
from pipeline.verifying.replay import read_journal

_LOCK = 7_150_222  # any number of our own


@asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[None]:
    """Keep others from making scratch copies of the same database for the length of the block.

    Raises:
        ConfigError: somebody else does.
    """
    async with transaction(engine) as connection:
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        statement = text("SELECT pg_try_advisory_xact_lock(:lock)")
        if not (await connection.execute(statement, {"lock": _LOCK})).scalar_one():
            raise ConfigError(["another verify is under way in this database"])
        yield


@asynccontextmanager
async def scratch_schema(engine: AsyncEngine, view: str) -> AsyncIterator[dict[str, str]]:
    """An empty copy of the view's tables for the length of the block."""
    name = f"{view}_scratch"
    redirect = {view: name}
    async with transaction(engine) as connection:
        await connection.execute(text(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'))
        await connection.execute(text(f'CREATE SCHEMA "{name}"'))
    async with transaction(engine, redirect) as connection:
        await connection.run_sync(_create_tables, view)
    try:
        yield redirect
    finally:
        async with transaction(engine) as connection:
            await connection.execute(text(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'))


def _create_tables(connection: object, view: str) -> None:
    tables = [table for table in metadata.tables.values() if table.schema == view]
    metadata.create_all(connection, tables=tables, checkfirst=False)  # type: ignore[arg-type]


async def replay(
    view: View,
    engine: AsyncEngine,
    keyring: Keyring,
    journal: tuple[KafkaOptions, str],
    redirect: dict[str, str],
    ends: Mapping[int, int],
) -> int:
    """Settle the journal up to `ends` in the scratch copy; returns the number of records read."""
    options, topic = journal
    stage = ViewStage(view, topic, engine, keyring, redirect)
    read = 0
    for partition, end in sorted(ends.items()):
        async for records in read_journal(options, topic, partition, 0, end):
            await _settle(stage, partition, records)
            read += len(records)
    return read


async def _settle(stage: ViewStage, partition: int, records: list[Record]) -> None:
    """As the loop does, but whoever verifies is told of a store that is away, or of a gap."""
    try:
        await stage.attempt(partition, records)
    except TidemarkError as error:
        if not isinstance(error, DataError):
            raise
        await stage.attempt_singly(partition, records)
    except Exception as error:
        if not is_records_own(error):
            raise
        await stage.attempt_singly(partition, records)


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction whose reads all see one state, and that may wait between them."""
    async with transaction(engine) as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield connection
