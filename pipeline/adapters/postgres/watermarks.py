"""Watermark rows: where each consumer stands, locked and moved with its effects.

Admit's row says which source offset comes `next`, what the last accepted record was (`prev` =
1 + its source offset) and where the journal ended. A view's row says which journal offset comes
`next` and from which source offset on records are new (`src_next`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    CursorResult,
    Select,
    Table,
    Update,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import ReturningUpdate

from pipeline.adapters.postgres.engine import beside_the_pool
from pipeline.adapters.postgres.tables import admission, sent_on, watermarks

# Who waits this long for a row ends the session that blocks it: its client is frozen.
LOCK_SECONDS = 60.0
_PLACE, _NEW, _PAYLOAD = "place", "new_", "payload"  # parameters of the statements below
CHANNEL = "tidemark"  # NOTIFY payload: "<consumer> <partition> <next> <journal end>"


@dataclass(frozen=True, slots=True)
class AdmitMark:
    """Admit's position in one partition of `chat.events`."""

    next: int
    prev: int
    journal_end: int


@dataclass(frozen=True, slots=True)
class ViewMark:
    """A view's position in one partition of the journal."""

    next: int
    src_next: int  # below zero: see `sifting.in_doubt`


async def begin_admission(connection: AsyncConnection, partition: int, start: int) -> None:
    """Make admit's row of a partition never admitted from, at the log's start."""
    await connection.execute(
        insert(admission)
        .values(partition=partition, next=start, prev=0, journal_end=0)
        .on_conflict_do_nothing()
    )


async def lock_admission(connection: AsyncConnection, partition: int) -> AdmitMark:
    """Admit's row of `partition`, locked until the transaction ends; made when absent."""
    columns = (admission.c.next, admission.c.prev, admission.c.journal_end)
    row = await _lock(connection, admission, columns, partition)
    return AdmitMark(*row) if row else AdmitMark(0, 0, 0)


async def lock_view(connection: AsyncConnection, view: str, partition: int) -> ViewMark:
    """The view's row of `partition`, locked until the transaction ends; made when absent."""
    table = watermarks[view]
    row = await _lock(connection, table, (table.c.next, table.c.src_next), partition)
    return ViewMark(*row) if row else ViewMark(0, 0)


async def advance_admission(connection: AsyncConnection, partition: int, mark: AdmitMark) -> None:
    """Write admit's row, which is locked, and tell those who wait, both with the transaction."""
    values = {"next": mark.next, "prev": mark.prev, "journal_end": mark.journal_end}
    payload = _payload("admit", partition, mark.next, mark.journal_end)
    await connection.execute(
        _advance_and_tell(admission, tuple(values)), _moved(partition, values, payload)
    )


async def note_sent_on(
    connection: AsyncConnection, partition: int, ends: Mapping[int, int]
) -> None:
    """Note how far records of `partition` were sent on, by home partition: who waits, follows."""
    if not ends:
        return
    rows = [{"partition": partition, "home": home, "end": end} for home, end in ends.items()]
    new = insert(sent_on).values(rows)
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["partition", "home"],
            set_={"end": func.greatest(sent_on.c.end, new.excluded.end)},
        )
    )


async def advance_view(
    connection: AsyncConnection, view: str, partition: int, mark: ViewMark
) -> None:
    """Write the view's row, which is locked, and tell those who wait, both with the transaction."""
    values = {"next": mark.next, "src_next": mark.src_next}
    options = (
        connection.sync_connection.get_execution_options() if connection.sync_connection else {}
    )
    table, names = watermarks[view], tuple(values)
    if options.get("schema_translate_map"):  # nobody waits for a scratch copy
        await connection.execute(_advance(table, names), _moved(partition, values))
        return
    payload = _payload(view, partition, mark.next, 0)
    await connection.execute(_advance_and_tell(table, names), _moved(partition, values, payload))


async def positions(connection: AsyncConnection, table: Table) -> dict[int, int]:
    """`next` by partition, for the partitions that have a row."""
    rows = await connection.execute(select(table.c.partition, table.c.next))
    return {row.partition: row.next for row in rows}


async def admit_marks(connection: AsyncConnection) -> dict[int, AdmitMark]:
    """Admit's rows, by partition."""
    table = admission
    columns = select(table.c.partition, table.c.next, table.c.prev, table.c.journal_end)
    return {row.partition: AdmitMark(*row[1:]) for row in await connection.execute(columns)}


async def view_marks(connection: AsyncConnection, view: str) -> dict[int, ViewMark]:
    """A view's rows, by partition."""
    table = watermarks[view]
    columns = select(table.c.partition, table.c.next, table.c.src_next)
    return {row.partition: ViewMark(*row[1:]) for row in await connection.execute(columns)}


async def ensure_row(connection: AsyncConnection, table: Table, partition: int) -> None:
    """Make the consumer's row of `partition`, at zero, unless it is there."""
    await connection.execute(_zeros(table, partition))


def _zeros(table: Table, partition: int) -> Insert:
    zeros = {c.name: 0 for c in table.columns if c.server_default is None}
    return insert(table).values({**zeros, "partition": partition}).on_conflict_do_nothing()


async def _lock(
    connection: AsyncConnection, table: Table, columns: Sequence[Column[int]], partition: int
) -> tuple[int, ...] | None:
    statement, place = _locked(table, tuple(columns)), {_PLACE: partition}
    row = (await _past_blockers(connection, statement, place)).one_or_none()
    if row is None:  # another session may be making it
        await _past_blockers(connection, _zeros(table, partition))
        row = (await _past_blockers(connection, statement, place)).one_or_none()
    return tuple(row) if row else None


# Each of these runs once a batch: building them took longer than running them.
@cache
def _locked(table: Table, columns: tuple[Column[int], ...]) -> Select[Any]:
    wanted: Sequence[Any] = columns
    return select(*wanted).where(table.c.partition == bindparam(_PLACE)).with_for_update()


@cache
def _advance(table: Table, names: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(_NEW + name) for name in names}
    changes = update(table).where(table.c.partition == bindparam(_PLACE))
    return changes.values(**values, updated_at=func.now())


@cache
def _advance_and_tell(table: Table, names: tuple[str, ...]) -> ReturningUpdate[Any]:
    """The notification is delivered if and when the transaction commits."""
    return _advance(table, names).returning(func.pg_notify(CHANNEL, bindparam(_PAYLOAD)))


def _moved(
    partition: int, values: Mapping[str, int], payload: str | None = None
) -> dict[str, int | str]:
    told = {} if payload is None else {_PAYLOAD: payload}
    return {_PLACE: partition, **{_NEW + name: value for name, value in values.items()}, **told}


def _payload(consumer: str, partition: int, next_: int, journal_end: int) -> str:
    return f"{consumer} {partition} {next_} {journal_end}"


async def _past_blockers(
    connection: AsyncConnection,
    statement: Select[Any] | Insert,
    parameters: Mapping[str, int] | None = None,
) -> CursorResult[Any]:
    raw = (await connection.get_raw_connection()).driver_connection
    waiting = asyncio.ensure_future(connection.execute(statement, parameters))
    try:
        while not (await asyncio.wait({waiting}, timeout=LOCK_SECONDS))[0]:
            await _terminate_blockers(connection.engine, raw.info.backend_pid)  # type: ignore[union-attr]
    except BaseException:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)  # or it would meet the rollback
        raise
    return await waiting


async def _terminate_blockers(engine: AsyncEngine, waiter: int) -> None:
    async with beside_the_pool(engine) as other:
        await other.execute(
            text("SELECT pg_terminate_backend(b) FROM unnest(pg_blocking_pids(:waiter)) b"),
            {"waiter": waiter},
        )
