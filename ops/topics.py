"""What operators do to topics and to the database's binding to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline import wiring
from pipeline.adapters.kafka import TopicsReport, apply_topics, end_offsets, start_offsets
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import admission, losses
from pipeline.adapters.postgres.watermarks import advance_admission, lock_admission, positions
from pipeline.cluster import Ends, adopt_cluster, read_binding, record_cluster
from pipeline.errors import ConfigError
from pipeline.settings import Settings
from pipeline.topics import topic_table


@dataclass(frozen=True, slots=True)
class Loss:
    """Offsets of the public topic, without `end`, that were trimmed before they were admitted."""

    partition: int
    start: int
    end: int


async def prepare_topics(settings: Settings) -> TopicsReport:
    """Create and alter the topics, and bind the database to them at its first use.

    Raises:
        ConfigError: a topic has another number of partitions, or the database belongs to others.
        StoreUnavailable: Kafka or PostgreSQL is away.
    """
    options, names = wiring.kafka_options(settings), wiring.topics(settings)
    report = await apply_topics(options, topic_table(names, settings.tidemark_partitions))
    binding = await read_binding(options, names, settings.tidemark_partitions)
    async with _database(settings) as engine:
        await record_cluster(engine, binding)
    return report


async def adopt_topics(settings: Settings) -> None:
    """Bind the database to topics that hold the same records under other ids.

    Raises:
        ConfigError: they do not; nothing was changed.
        StoreUnavailable: Kafka or PostgreSQL is away.
    """
    options, names = wiring.kafka_options(settings), wiring.topics(settings)
    binding = await read_binding(options, names, settings.tidemark_partitions)
    ends = Ends(
        events=await end_offsets(options, names.events),
        journal=await end_offsets(options, names.journal),
    )
    async with _database(settings) as engine:
        await adopt_cluster(engine, binding, ends)


async def find_loss(settings: Settings, partition: int) -> Loss | None:
    """What admit has lost of a partition, if anything.

    Raises:
        ConfigError: there is no such partition.
        StoreUnavailable: Kafka or PostgreSQL is away.
    """
    options, names = wiring.kafka_options(settings), wiring.topics(settings)
    starts = await start_offsets(options, names.events)
    if partition not in starts:
        raise ConfigError([f"{names.events} has partitions 0 to {len(starts) - 1}"])
    async with _database(settings) as engine, transaction(engine) as connection:
        admitted = await positions(connection, admission)
    # Without a row nothing was ever promised: admit begins where the log does.
    next_, start = admitted.get(partition, starts[partition]), starts[partition]
    return Loss(partition, next_, start) if start > next_ else None


async def accept_loss(settings: Settings, loss: Loss, by: str) -> None:
    """Let admit go on behind what was lost, and keep who said so; harmless when it has already.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    async with _database(settings) as engine, transaction(engine) as connection:
        mark = await lock_admission(connection, loss.partition)
        if mark.next >= loss.end:
            return
        await advance_admission(connection, loss.partition, replace(mark, next=loss.end))
        row = {"partition": loss.partition, "start": mark.next, "end": loss.end, "accepted_by": by}
        await connection.execute(insert(losses).values(row))


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = wiring.postgres(settings)
    try:
        yield engine
    finally:
        await engine.dispose()
