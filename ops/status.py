"""Where each stage stands: positions from the watermarks, ends from the broker."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pipeline.adapters.kafka import KafkaOptions, end_offsets
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import VIEWS, admission, watermarks
from pipeline.adapters.postgres.watermarks import positions


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage's place in its log, in records, added up over the partitions."""

    name: str
    position: int  # offset behind the last settled record
    end: int  # offset behind the last record
    lag: int  # records still to settle


async def read_stages(
    options: KafkaOptions, events_topic: str, engine: AsyncEngine
) -> tuple[Stage, ...]:
    """All stages, in the order in which a message passes them; `published` never lags.

    Admit's log is the public topic. A view's log is the journal as far as admit has committed it.

    Raises:
        ConfigError: the topic does not exist.
        StoreUnavailable: Kafka or PostgreSQL is away.
    """
    ends = await end_offsets(options, events_topic)
    async with transaction(engine) as connection:
        admitted = await positions(connection, admission)
        journal = await _journal_ends(connection)
        views = {view: await positions(connection, watermarks[view]) for view in VIEWS}
    total = sum(ends.values())
    return (
        Stage("published", total, total, 0),
        _stage("admitted", admitted, ends),
        *(_stage(_PAST_TENSE.get(view, view), views[view], journal) for view in VIEWS),
    )


_PAST_TENSE = {"persist": "persisted", "embed": "embedded"}


async def _journal_ends(connection: AsyncConnection) -> dict[int, int]:
    rows = await connection.execute(select(admission.c.partition, admission.c.journal_end))
    return {row.partition: row.journal_end for row in rows}


def _stage(name: str, at: Mapping[int, int], ends: Mapping[int, int]) -> Stage:
    lag = sum(max(0, end - at.get(partition, 0)) for partition, end in ends.items())
    return Stage(name, sum(at.values()), sum(ends.values()), lag)
