"""A worker frozen in the middle of a statement holds its lock until somebody ends its session."""

import asyncio

import psycopg
import pytest

from consumers.persist import VIEW
from pipeline.adapters.postgres import watermarks
from pipeline.adapters.postgres.attempts import count_start, excuse_start
from pipeline.adapters.postgres.engine import create_engine, transaction
from pipeline.adapters.postgres.watermarks import lock_view


@pytest.fixture
async def engine(postgres_url, monkeypatch):
    monkeypatch.setattr(watermarks, "LOCK_SECONDS", 0.2)
    made = create_engine(postgres_url)
    yield made
    await made.dispose()


@pytest.fixture
async def frozen(engine, postgres_url):
    """A session that holds a view's watermark row and is not idle, so that no time-out ends it."""
    async with transaction(engine) as connection:
        await lock_view(connection, VIEW.name, 0)
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        await connection.execute("SELECT 1 FROM persist.watermark WHERE partition = 0 FOR UPDATE")
        busy = asyncio.create_task(connection.execute("SELECT pg_sleep(300)"))
        yield
        with pytest.raises(psycopg.errors.AdminShutdown):
            await busy


@pytest.mark.parametrize("step", [lock_view, count_start, excuse_start])
async def test_whoever_needs_the_row_ends_the_session_that_blocks_it(engine, frozen, step):
    async with asyncio.timeout(20):
        async with transaction(engine) as connection:
            await step(connection, VIEW.name, 0)
