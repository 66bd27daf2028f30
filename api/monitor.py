"""Looks at every part every few seconds: for readiness, and for the gauges that alerts watch."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from api.semantic import Semantic
from pipeline.adapters.kafka import KafkaOptions
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.reads import Marks, quarantined_counts, read_marks
from pipeline.adapters.postgres.reads.marks import ADMIT
from pipeline.errors import ConfigError, StoreUnavailable
from pipeline.logs import wordless
from pipeline.metrics import QUARANTINED, STORE_UP
from pipeline.topics import TopicNames
from pipeline.upkeep import lag
from pipeline.upkeep.lag import Lag, Log

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
CHECK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was seen last. `up` says of each store whether it answered, and None before the first.

    `lags` is empty while Kafka or PostgreSQL is away: then nobody knows.
    """

    up: dict[str, bool] = field(default_factory=dict)
    lags: dict[str, Lag] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    strangers: frozenset[str] = frozenset()  # views of another journal than admit's
    encoder: bool = False


class Monitor:
    """Keeps the latest snapshot."""

    def __init__(
        self, kafka: KafkaOptions, topics: TopicNames, engine: AsyncEngine, semantic: Semantic
    ) -> None:
        self._kafka = kafka
        self._topics = topics
        self._engine = engine
        self._semantic = semantic
        self._latest = Snapshot()
        self._first = asyncio.Event()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self._latest = await self._look()
            self._first.set()
            await asyncio.sleep(EVERY_SECONDS)

    async def latest(self) -> Snapshot:
        """The latest snapshot; waits for the first one."""
        await self._first.wait()
        return self._latest

    async def _look(self) -> Snapshot:
        up: dict[str, bool] = {}

        async def ask(store: str, call: Callable[[], Awaitable[None]]) -> None:
            up[store] = await _answers(call)
            STORE_UP.labels(store).set(up[store])

        seen = _Seen()
        await ask("postgres", lambda: self._read_postgres(seen))
        await asyncio.gather(
            ask("kafka", lambda: self._read_kafka(seen)),
            ask("vectors", self._semantic.reachable),
        )
        strangers = frozenset(seen.strangers)
        return Snapshot(up, seen.lags, seen.quarantined, strangers, self._semantic.loaded)

    async def _read_postgres(self, seen: "_Seen") -> None:
        async with transaction(self._engine) as connection:
            seen.marks = await read_marks(connection)
            seen.quarantined = await quarantined_counts(connection)
        for view, count in seen.quarantined.items():
            QUARANTINED.labels(view).set(count)

    async def _read_kafka(self, seen: "_Seen") -> None:
        logs: dict[str, Log] = await lag.read_logs(self._kafka, self._topics)
        if seen.marks is not None:
            seen.lags = await lag.measure(self._kafka, logs, seen.marks)
            lag.show(seen.lags)
            seen.strangers = seen.marks.strangers(logs[ADMIT].ends)


@dataclass(slots=True)
class _Seen:
    """What one look has found so far."""

    marks: Marks | None = None
    lags: dict[str, Lag] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)


async def _answers(call: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await call()
    except (StoreUnavailable, ConfigError, TimeoutError) as error:
        log.info("not reachable: %s", error or type(error).__name__)
    except Exception as error:
        # One strange answer must not blind the monitor.
        log.exception("cannot look", exc_info=wordless(error))
    else:
        return True
    return False
