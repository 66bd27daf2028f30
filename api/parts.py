"""What requests are answered with, opened once for the process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from api.homes import Homes
from api.monitor import Monitor
from api.semantic import Semantic
from pipeline import wiring
from pipeline.adapters.kafka import KafkaOptions
from pipeline.adapters.kafka.publisher import Publisher
from pipeline.adapters.keys import Secrets
from pipeline.adapters.postgres.keyring import Keyring
from pipeline.adapters.postgres.waiting import Waiter
from pipeline.ports import Encoder, VectorStore
from pipeline.preflight import until_checked
from pipeline.settings import Settings
from pipeline.stages.admission import Identity
from pipeline.topics import TopicNames

log = logging.getLogger(__name__)

# An erased user's keys are forgotten at latest after this long.
KEYS_SECONDS = 60.0
QUERY_THREADS = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one answer may hold, and how long a read waits for a write."""

    context_messages: int
    general_messages: int
    page: int
    after_seconds: float
    partitions: int


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that routes use."""

    engine: AsyncEngine
    keyring: Keyring
    identity: Identity
    homes: Homes
    publisher: Publisher
    waiter: Waiter
    semantic: Semantic
    monitor: Monitor
    limits: Limits
    now: Callable[[], datetime]


OpenSemantic = Callable[[Settings], tuple[Encoder, VectorStore]]
Ended = Callable[[asyncio.Task[None]], None]


def query_side(settings: Settings) -> tuple[Encoder, VectorStore]:
    """The encoder of queries and the vector store that goes with its model. Blocks."""
    encoder = wiring.encoder(settings, "query", QUERY_THREADS)
    return encoder, wiring.vector_store(settings, encoder)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What can be known, and refused, before anything is connected."""

    settings: Settings
    secrets: Secrets
    kafka: KafkaOptions
    topics: TopicNames


def configured(settings: Settings) -> Configuration:
    """Check the settings as far as that needs no store; in dev the first start makes keys.

    Raises:
        ConfigError: keys or addresses are missing or wrong.
    """
    return Configuration(
        settings,
        wiring.secrets(settings),
        wiring.kafka_options(settings),
        wiring.topics(settings),
    )


@asynccontextmanager
async def opened(
    configuration: Configuration, open_semantic: OpenSemantic, ended: Ended
) -> AsyncIterator[Parts]:
    """The parts, with what runs in the background; `ended` is told of a task that is done.

    Nothing is waited for: while a store is away, the rest answers.
    """
    settings, secrets = configuration.settings, configuration.secrets
    kafka, topics = configuration.kafka, configuration.topics
    engine = wiring.postgres(settings)
    identity = wiring.identity(settings, secrets)
    semantic = Semantic(engine, lambda: open_semantic(settings))
    parts = Parts(
        engine=engine,
        keyring=wiring.keyring(engine, secrets, KEYS_SECONDS),
        identity=identity,
        homes=Homes(engine, identity, settings.tidemark_partitions),
        publisher=Publisher(kafka, topics.events),
        waiter=Waiter(engine),
        semantic=semantic,
        monitor=Monitor(kafka, topics, engine, semantic),
        limits=_limits(settings),
        now=lambda: datetime.now(UTC),
    )
    background = [
        until_checked(settings, kafka, topics, engine),
        parts.waiter.run(),
        semantic.open(),
        parts.monitor.run(),
    ]
    try:
        async with running(background, ended):
            yield parts
    finally:
        await parts.publisher.close()
        await semantic.close()
        await engine.dispose()


@asynccontextmanager
async def running(background: list[Coroutine[Any, Any, None]], ended: Ended) -> AsyncIterator[None]:
    """Run coroutines for the length of the block."""
    tasks = [asyncio.create_task(each) for each in background]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _limits(settings: Settings) -> Limits:
    return Limits(
        context_messages=settings.max_context_messages,
        general_messages=settings.max_general_messages,
        page=settings.max_messages,
        after_seconds=settings.tidemark_after_seconds,
        partitions=settings.tidemark_partitions,
    )


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


WithParts = Annotated[Parts, Depends(_parts)]
"""The process's parts, in a route."""
