"""Watermark rows: made when absent, held by one, and told of only when committed."""

import asyncio
from contextlib import suppress

import psycopg
import pytest

from pipeline.adapters.postgres import watermarks as module
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import admission, sent_on, watermarks
from pipeline.adapters.postgres.watermarks import (
    AdmitMark,
    ViewMark,
    advance_admission,
    advance_view,
    begin_admission,
    ensure_row,
    lock_admission,
    lock_view,
    note_sent_on,
    positions,
)
from pipeline.errors import StoreUnavailable

SHORT = 0.1


async def test_a_row_is_made_when_it_is_first_locked(world):
    async with transaction(world.engine) as connection:
        marks = await lock_admission(connection, 3), await lock_view(connection, "usage", 5)
        rows = await positions(connection, admission)

    assert marks == (AdmitMark(0, 0, 0), ViewMark(0, 0))
    assert rows == {3: 0}


async def test_a_mark_moves_with_its_transaction(world):
    async with transaction(world.engine) as connection:
        await lock_admission(connection, 1)
        await advance_admission(connection, 1, AdmitMark(7, 6, 5))
        await lock_view(connection, "embed", 1)
        await advance_view(connection, "embed", 1, ViewMark(4, 9))
    with pytest.raises(KeyError):  # noqa: PT012  a transaction is a block
        async with transaction(world.engine) as connection:
            await advance_admission(connection, 1, AdmitMark(8, 8, 8))
            raise KeyError

    async with transaction(world.engine) as connection:
        assert await lock_admission(connection, 1) == AdmitMark(7, 6, 5)
        assert await lock_view(connection, "embed", 1) == ViewMark(4, 9)
        assert await lock_view(connection, "persist", 1) == ViewMark(0, 0)


async def test_where_admission_begins_is_noted_once(world):
    for start in (40, 50):
        async with transaction(world.engine) as connection:
            await begin_admission(connection, 2, start)

    assert [(row.next, row.prev) for row in await world.rows(admission)] == [(40, 0)]


async def test_how_far_records_were_sent_on_only_grows(world):
    for ends in ({1: 5, 4: 2}, {1: 3}, {}, {4: 9}):
        async with transaction(world.engine) as connection:
            await note_sent_on(connection, 0, ends)

    assert [(row.home, row.end) for row in await world.rows(sent_on)] == [(1, 5), (4, 9)]


async def test_a_second_locker_waits_for_the_first(world):
    order = []

    async def lock(name, entered, leave):
        async with transaction(world.engine) as connection:
            await lock_view(connection, "persist", 0)
            order.append(name)
            entered.set()
            await leave.wait()

    first, second, go = asyncio.Event(), asyncio.Event(), asyncio.Event()
    one = asyncio.create_task(lock("first", first, go))
    await first.wait()
    other = asyncio.create_task(lock("second", second, go))
    await asyncio.wait({other}, timeout=0.2)
    waiting = list(order)
    go.set()
    await asyncio.gather(one, other)

    assert waiting == ["first"]
    assert order == ["first", "second"]


@pytest.mark.parametrize("known", [True, False], ids=["a known row", "a row being made"])
async def test_who_waits_too_long_ends_the_session_that_blocks(world, monkeypatch, known):
    monkeypatch.setattr(module, "LOCK_SECONDS", SHORT)
    if known:
        async with transaction(world.engine) as connection:
            await ensure_row(connection, watermarks["persist"], 0)
    held, ended = asyncio.Event(), asyncio.Event()

    async def frozen():
        with suppress(StoreUnavailable):
            async with transaction(world.engine) as connection:
                await lock_view(connection, "persist", 0)
                await advance_view(connection, "persist", 0, ViewMark(99, 99))
                held.set()
                await ended.wait()

    client = asyncio.create_task(frozen())
    await held.wait()
    async with transaction(world.engine) as connection:
        mark = await lock_view(connection, "persist", 0)
        await advance_view(connection, "persist", 0, ViewMark(1, 1))
    ended.set()
    await client

    assert mark == ViewMark(0, 0)
    assert [row.next for row in await world.rows(watermarks["persist"])] == [1]


async def test_a_queue_of_waiters_all_get_the_row(world, monkeypatch):
    """The first waiter blocks the others as well, without being frozen: none may be lost."""
    monkeypatch.setattr(module, "LOCK_SECONDS", SHORT)
    held = asyncio.Event()

    async def frozen():
        with suppress(StoreUnavailable):
            async with transaction(world.engine) as connection:
                await lock_admission(connection, 0)
                held.set()
                await asyncio.sleep(3600)

    async def advance():
        while True:
            with suppress(StoreUnavailable):
                async with transaction(world.engine) as connection:
                    mark = await lock_admission(connection, 0)
                    await advance_admission(connection, 0, AdmitMark(mark.next + 1, 0, 0))
                return

    client = asyncio.create_task(frozen())
    await held.wait()
    await asyncio.gather(*(advance() for _ in range(3)))
    client.cancel()
    with suppress(asyncio.CancelledError):
        await client

    assert [row.next for row in await world.rows(admission)] == [3]


async def heard(listener, count):
    async with asyncio.timeout(10):
        return [one.payload async for one in listener.notifies(stop_after=count)]


async def test_a_move_is_told_of_when_it_is_committed_and_never_before(world):
    async with await psycopg.AsyncConnection.connect(world.url, autocommit=True) as listener:
        await listener.execute(f"LISTEN {module.CHANNEL}")
        with pytest.raises(KeyError):  # noqa: PT012  a transaction is a block
            async with transaction(world.engine) as connection:
                await lock_admission(connection, 9)
                await advance_admission(connection, 9, AdmitMark(1, 1, 1))
                raise KeyError
        async with transaction(world.engine) as connection:
            await lock_admission(connection, 2)
            await advance_admission(connection, 2, AdmitMark(7, 6, 5))
            await lock_view(connection, "usage", 2)
            await advance_view(connection, "usage", 2, ViewMark(5, 7))

        assert await heard(listener, 2) == ["admit 2 7 5", "usage 2 5 0"]


async def test_nobody_is_told_of_a_scratch_copy(world):
    async with await psycopg.AsyncConnection.connect(world.url, autocommit=True) as listener:
        await listener.execute(f"LISTEN {module.CHANNEL}")
        async with transaction(world.engine, {"usage": "usage"}) as connection:
            await lock_view(connection, "usage", 0)
            await advance_view(connection, "usage", 0, ViewMark(1, 1))
        async with transaction(world.engine) as connection:
            await advance_view(connection, "usage", 0, ViewMark(2, 2))

        assert await heard(listener, 1) == ["usage 0 2 0"]
