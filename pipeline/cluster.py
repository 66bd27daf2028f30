"""What a database is bound to: one Kafka cluster, two topics and their number of partitions.

Watermarks are offsets. Read against a topic made anew, or another cluster, they would skip what
nobody has seen; so every process compares the ids before it reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pipeline.adapters.kafka import KafkaOptions, cluster_identity
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import admission, cluster
from pipeline.errors import ConfigError
from pipeline.topics import TopicNames

_ONLY = 1  # the table has one row


@dataclass(frozen=True, slots=True)
class Binding:
    """A cluster and its two topics, ids as Kafka's own tools print them."""

    cluster_id: str
    partitions: int
    events_topic_id: str
    journal_topic_id: str


@dataclass(frozen=True, slots=True)
class Ends:
    """The offset behind the last record, by partition."""

    events: Mapping[int, int]
    journal: Mapping[int, int]


async def read_binding(options: KafkaOptions, names: TopicNames, partitions: int) -> Binding:
    """What the broker says, checked against the number of partitions in the settings.

    Raises:
        ConfigError: a topic is missing or has another number of partitions.
        StoreUnavailable: no broker answers.
    """
    found = await cluster_identity(options, [names.events, names.journal])
    wrong = [
        _wrong(name, found.partitions.get(name), partitions)
        for name in (names.events, names.journal)
        if found.partitions.get(name) != partitions
    ]
    if wrong:
        raise ConfigError(wrong)
    ids = found.topic_ids
    return Binding(found.cluster_id, partitions, ids[names.events], ids[names.journal])


async def record_cluster(engine: AsyncEngine, binding: Binding) -> None:
    """Bind a database to the cluster at its first use; later uses only check.

    Raises:
        ConfigError: see `check_cluster`.
        StoreUnavailable: the database is away.
    """
    async with transaction(engine) as connection:
        await connection.execute(insert(cluster).values(_row(binding)).on_conflict_do_nothing())
    await check_cluster(engine, binding)


async def check_cluster(engine: AsyncEngine, binding: Binding) -> None:
    """Return when the database belongs to this cluster and these topics.

    Raises:
        ConfigError: it belongs to others, or to none yet; the lines name the command.
        StoreUnavailable: the database is away.
    """
    async with transaction(engine) as connection:
        known = await _known(connection)
    if known is None:
        raise ConfigError(["the database belongs to no cluster yet: run `tidemark topics apply`"])
    if reasons := _differences(known, binding):
        raise ConfigError(reasons)


async def adopt_cluster(engine: AsyncEngine, binding: Binding, ends: Ends) -> None:
    """Bind the database to another cluster that holds the same records at the same offsets.

    Raises:
        ConfigError: the topics end before what was stored, so they hold other records.
        StoreUnavailable: the database is away.
    """
    async with transaction(engine) as connection:
        known = await _known(connection)
        if known and known.partitions != binding.partitions:
            raise ConfigError([_partitions(known.partitions, binding.partitions)])
        if shorter := await _shorter(connection, ends):
            raise ConfigError(shorter)
        row = _row(binding)
        statement = insert(cluster).values(row)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=[cluster.c.only], set_=row)
        )


async def _known(connection: AsyncConnection) -> Binding | None:
    columns = (c for c in cluster.c if c is not cluster.c.only)
    row = (await connection.execute(select(*columns))).mappings().one_or_none()
    return Binding(**row) if row else None


async def _shorter(connection: AsyncConnection, ends: Ends) -> list[str]:
    columns = (admission.c.partition, admission.c.next, admission.c.journal_end)
    rows = (await connection.execute(select(*columns).order_by(admission.c.partition))).all()
    return [
        f"partition {row.partition} ends before what was stored from it: these topics hold other"
        " records; restore the old ones, or start anew with another database"
        for row in rows
        if ends.events.get(row.partition, 0) < row.next
        or ends.journal.get(row.partition, 0) < row.journal_end
    ]


def _differences(known: Binding, found: Binding) -> list[str]:
    if known.partitions != found.partitions:
        return [_partitions(known.partitions, found.partitions)]
    ids = {
        "Kafka cluster": (known.cluster_id, found.cluster_id),
        "topic for events": (known.events_topic_id, found.events_topic_id),
        "topic of the journal": (known.journal_topic_id, found.journal_topic_id),
    }
    return [
        f"the {what} has id {now}, the database belongs to {before}: check KAFKA_BOOTSTRAP_SERVERS"
        " and POSTGRES_URL; if these are the same records, moved: tidemark topics apply --adopt"
        for what, (before, now) in ids.items()
        if before != now
    ]


def _partitions(known: int, found: int) -> str:
    return (
        f"the database belongs to topics of {known} partitions, these have {found}: check"
        " KAFKA_BOOTSTRAP_SERVERS, POSTGRES_URL and TIDEMARK_TOPIC_PREFIX"
    )


def _wrong(name: str, found: int | None, wanted: int) -> str:
    if found is None:
        return f"topic {name} does not exist: run `tidemark topics apply`"
    return f"topic {name} has {found} partitions, not {wanted}: set TIDEMARK_PARTITIONS={found}"


def _row(binding: Binding) -> dict[str, object]:
    return {
        "only": _ONLY,
        "cluster_id": binding.cluster_id,
        "partitions": binding.partitions,
        "events_topic_id": binding.events_topic_id,
        "journal_topic_id": binding.journal_topic_id,
    }
