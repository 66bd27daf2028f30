"""Counting how often a record was tried, so that one that kills its process is found too."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.tables import attempts, quarantines, watermarks
from pipeline.adapters.postgres.watermarks import lock_view


@dataclass(frozen=True, slots=True)
class SetAside:
    """A journal record that a view could not handle; pid and id where they could be read."""

    offset: int
    reason: str
    pid: bytes | None = None
    event_id: UUID | None = None


async def count_start(connection: AsyncConnection, view: str, partition: int) -> int:
    """Count that a process begins to work at the view's present position; returns how many did."""
    table = watermarks[view]
    await lock_view(connection, view, partition)
    statement = (
        update(table)
        .where(table.c.partition == partition)
        .values(
            starts=case((table.c.started_at == table.c.next, table.c.starts + 1), else_=1),
            started_at=table.c.next,
        )
        .returning(table.c.starts)
    )
    return int((await connection.execute(statement)).scalar_one())


async def excuse_start(connection: AsyncConnection, view: str, partition: int) -> None:
    """Take a counted start back: a store was away, which is no record's fault."""
    table = watermarks[view]
    await lock_view(connection, view, partition)
    await connection.execute(
        update(table)
        .where(table.c.partition == partition)
        .values(starts=func.greatest(table.c.starts - 1, 0))
    )


async def count_attempt(connection: AsyncConnection, view: str, partition: int, offset: int) -> int:
    """Count an attempt at one record before it is made; forgets the counts of earlier ones."""
    table = attempts[view]
    await connection.execute(
        delete(table).where(table.c.partition == partition, table.c.offset < offset)
    )
    statement = insert(table).values(partition=partition, offset=offset, count=1)
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.partition, table.c.offset], set_={"count": table.c.count + 1}
    )
    return int((await connection.execute(statement.returning(table.c.count))).scalar_one())


async def excuse_attempt(
    connection: AsyncConnection, view: str, partition: int, offset: int
) -> None:
    """Take a counted attempt back: a store was away, which is no record's fault."""
    table = attempts[view]
    await connection.execute(
        update(table)
        .where(table.c.partition == partition, table.c.offset == offset)
        .values(count=func.greatest(table.c.count - 1, 0))
    )


async def set_aside(
    connection: AsyncConnection, view: str, partition: int, record: SetAside
) -> None:
    """Write a record's position and reason to the view's quarantine."""
    await connection.execute(
        insert(quarantines[view])
        .values(
            partition=partition,
            offset=record.offset,
            pid=record.pid,
            event_id=record.event_id,
            reason=record.reason,
        )
        .on_conflict_do_nothing()
    )


async def quarantined(connection: AsyncConnection, view: str) -> int:
    """How many records the view has set aside."""
    return int(
        (await connection.execute(select(func.count()).select_from(quarantines[view]))).scalar_one()
    )
