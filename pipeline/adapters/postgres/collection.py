"""Which collection of the vector store belongs to the rows of embed."""

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import (
    attempts,
    collection,
    flushed,
    points,
    quarantines,
    watermarks,
)
from pipeline.errors import ConfigError, FatalError

OTHER_MODEL = (
    "EMBEDDING_MODEL: stored vectors are in {found}, this model's belong in {name}; "
    "to embed everything again with this model: tidemark reembed"
)


async def claim(engine: AsyncEngine, name: str) -> None:
    """Record the collection where none is recorded, and refuse another one.

    Raises:
        ConfigError: the rows belong to another model's vectors; names the command that re-embeds.
        StoreUnavailable: PostgreSQL is away.
    """
    async with transaction(engine) as connection:
        await connection.execute(
            insert(collection).values(only=1, name=name).on_conflict_do_nothing()
        )
        found = await recorded(connection)
    _refuse_other(found, name)


async def claimed(engine: AsyncEngine, name: str) -> bool:
    """Whether the collection is recorded as this one; False before embed has recorded any.

    Raises:
        ConfigError: the rows belong to another model's vectors; names the command that re-embeds.
        StoreUnavailable: PostgreSQL is away.
    """
    async with transaction(engine) as connection:
        found = await recorded(connection)
    if found is None:
        return False
    _refuse_other(found, name)
    return True


async def recorded(connection: AsyncConnection) -> str | None:
    """The collection's name, or None before anything was embedded."""
    return (await connection.execute(select(collection.c.name))).scalar_one_or_none()


async def require(connection: AsyncConnection, name: str) -> None:
    """Refuse to write beside another model's vectors: `begin_again` may have come meanwhile.

    Raises:
        FatalError: the collection changed while this process ran.
    """
    if await recorded(connection) != name:
        raise FatalError("the collection has changed: a newer model has taken over")


async def begin_again(engine: AsyncEngine, name: str) -> str | None:
    """Forget every embedded row and start embed at the journal's beginning, in a new collection.

    Waits for batches under way; one that comes later is refused by `require`. Returns the old
    collection's name.
    """
    table = watermarks["embed"]
    async with transaction(engine) as connection:
        marks = select(table.c.partition).order_by(table.c.partition).with_for_update()
        await connection.execute(marks)
        old = await recorded(connection)
        await connection.execute(delete(points))
        await connection.execute(delete(flushed))
        await connection.execute(delete(quarantines["embed"]))
        await connection.execute(delete(attempts["embed"]))
        start = {"next": 0, "src_next": 0, "starts": 0, "started_at": -1}
        await connection.execute(update(table).values(start))
        new = insert(collection).values(only=1, name=name)
        await connection.execute(
            new.on_conflict_do_update(index_elements=["only"], set_={"name": name})
        )
    return old


def _refuse_other(found: str | None, name: str) -> None:
    if found != name:
        raise ConfigError([OTHER_MODEL.format(found=found, name=name)])
