"""One transaction at a time, bounded in every wait, and errors that say "away" or nothing."""

# ruff: noqa: PT012  a transaction is a block

import asyncio

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from ops.embedded.ports import free_ports
from pipeline.adapters.postgres.engine import create_engine, driver_url, sqlstate, transaction
from pipeline.adapters.postgres.tables import ledger, metadata
from pipeline.errors import StoreUnavailable

CANARY = "canary-of-a-row"


@pytest.fixture
async def engine(postgres_url):
    engine = create_engine(postgres_url, pool_size=2)
    yield engine
    await engine.dispose()


async def count(engine):
    async with transaction(engine) as connection:
        return (await connection.execute(text("SELECT count(*) FROM truth.ledger"))).scalar_one()


async def insert_one(connection):
    await connection.execute(
        ledger.insert().values(pid=b"p" * 16, event_id="0" * 32, mac=b"m", src=1)
    )


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_any_postgres_url_leads_to_our_driver(scheme):
    url = driver_url(f"{scheme}://name:secret@host:5433/base?sslmode=require")

    assert url == "postgresql+psycopg://name:secret@host:5433/base?sslmode=require"


async def test_a_transaction_commits_at_its_end(engine):
    async with transaction(engine) as connection:
        await insert_one(connection)

    assert await count(engine) == 1


async def test_an_error_rolls_back_and_passes(engine):
    with pytest.raises(KeyError):
        async with transaction(engine) as connection:
            await insert_one(connection)
            raise KeyError

    assert await count(engine) == 0


async def test_nobody_listening_is_a_store_away():
    engine = create_engine(f"postgresql://127.0.0.1:{free_ports(1)[0]}/none")
    with pytest.raises(StoreUnavailable, match="PostgreSQL"):
        async with transaction(engine):
            pass
    await engine.dispose()


async def test_a_session_that_is_ended_is_a_store_away_and_the_next_is_fine(engine, postgres_url):
    with pytest.raises(StoreUnavailable, match="57P01"):
        async with transaction(engine) as connection:
            await insert_one(connection)
            pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            async with await psycopg.AsyncConnection.connect(postgres_url) as other:
                await other.execute("SELECT pg_terminate_backend(%s)", [pid])
            await connection.execute(text("SELECT 1"))

    assert await count(engine) == 0


async def test_a_pool_without_a_free_connection_is_a_store_away(postgres_url, monkeypatch):
    monkeypatch.setattr("pipeline.adapters.postgres.engine.CONNECT_SECONDS", 0.1)
    engine = create_engine(postgres_url, pool_size=1)
    async with transaction(engine):
        with pytest.raises(StoreUnavailable):
            async with transaction(engine):
                pass
    await engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SET LOCAL statement_timeout = 50",
        "SET TRANSACTION READ ONLY",
    ],
    ids=["cancelled", "read only"],
)
async def test_what_a_server_may_do_again_is_a_store_away(engine, statement):
    with pytest.raises(StoreUnavailable):
        async with transaction(engine) as connection:
            await connection.execute(text(statement))
            await connection.execute(text("SELECT pg_sleep(0.1)"))
            await insert_one(connection)


async def test_a_deadlock_is_a_store_away(engine):
    async with transaction(engine) as connection:
        await connection.execute(text("SET deadlock_timeout = '20ms'"))
        await connection.execute(
            text("INSERT INTO truth.admission VALUES (0, 0, 0, 0), (1, 0, 0, 0)")
        )
    met = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> str:
        statement = text("SELECT 1 FROM truth.admission WHERE partition = :p FOR UPDATE")
        try:
            async with transaction(engine) as connection:
                await connection.execute(statement, {"p": first})
                await met.wait()
                await connection.execute(statement, {"p": second})
        except StoreUnavailable as error:
            return str(error)
        return "done"

    outcomes = await asyncio.gather(lock(0, 1), lock(1, 0))

    assert sorted(outcomes) == ["PostgreSQL: 40P01", "done"]


async def test_a_wrong_statement_is_no_outage_and_its_error_holds_no_row(engine):
    with pytest.raises(DBAPIError) as caught:
        async with transaction(engine) as connection:
            await connection.execute(select(text("nothing")).where(text(":c = ''")), {"c": CANARY})

    assert sqlstate(caught.value) == "42703"
    assert CANARY not in sqlstate(caught.value)
    assert CANARY not in str(caught.value)


async def test_a_session_does_not_sit_in_an_open_transaction_for_ever(engine):
    async with transaction(engine) as connection:
        shown = await connection.execute(text("SHOW idle_in_transaction_session_timeout"))
        zone = await connection.execute(text("SHOW timezone"))

    assert shown.scalar_one() == "30s"
    assert zone.scalar_one() == "UTC"


async def test_a_transaction_can_be_sent_to_a_scratch_copy(engine):
    async with transaction(engine) as connection:
        await connection.execute(text("CREATE SCHEMA truth_scratch"))
    async with transaction(engine, {"truth": "truth_scratch"}) as connection:
        tables = [metadata.tables["truth.ledger"]]
        await connection.run_sync(metadata.create_all, tables=tables)
        await insert_one(connection)

    assert await count(engine) == 0
