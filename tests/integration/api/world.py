"""A running API over real stores, and what admit and the views would have put into them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from api.main import create_app
from api.parts import Parts
from consumers.embed import Embed
from consumers.persist import VIEW as PERSIST
from consumers.usage import VIEW as USAGE
from pipeline import wiring
from pipeline.adapters.kafka import KafkaOptions, apply_topics
from pipeline.adapters.keys import LocalKeys
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.subjects import DURABLE, Subjects
from pipeline.adapters.qdrant import QdrantStore, connect
from pipeline.cluster import read_binding, record_cluster
from pipeline.domain.days import period_of
from pipeline.settings import Settings
from pipeline.stages.view import Batch, Opened
from pipeline.topics import TopicNames, topic_names, topic_table
from schemas.events import EventBase, MessageSent
from tests.integration.api.words import DIM, WordEncoder

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PARTITIONS = 6


@dataclass
class World:
    """The app, a client for it, and hands that write what consumers would."""

    settings: Settings
    app: FastAPI
    http: httpx.AsyncClient
    kafka: KafkaOptions
    topics: TopicNames
    vectors: QdrantStore
    subjects: Subjects
    seq: Iterable[int] = field(default_factory=count)

    @property
    def parts(self) -> Parts:
        return self.app.state.parts

    async def fill(self, *events: EventBase) -> None:
        """Let every view handle the events, as if they had come through the journal."""
        opened = [await self._opened(event) for event in events]
        for view in (PERSIST, USAGE, Embed(WordEncoder(), self.vectors).view()):
            wanted = [one for one in opened if one.event.type in view.handlers]
            prepared = await view.prepare(wanted) if view.prepare and wanted else None
            async with transaction(self.parts.engine) as connection:
                for one in wanted:
                    await view.handlers[one.event.type](Batch(connection, prepared), [one])

    async def _opened(self, event: EventBase) -> Opened:
        pid = self.parts.homes.pid(event.user_id)
        subject = (await self.subjects.resolve({pid: event.user_id}, 3))[pid]
        period = DURABLE if event.durable else period_of(event.at)
        sealing = pid, subject.epoch, period
        key = (await self.subjects.sealing_keys([sealing]))[sealing]
        keys = (await self.parts.keyring.users([sealing[:2]]))[sealing[:2]]
        place = subject.epoch, subject.home, next(self.seq)
        return Opened(event.id or uuid4(), pid, *place, event, keys, key)


def message(user: str, content: str, minutes: float = 0, **fields) -> MessageSent:
    """A message of the user, `minutes` after noon."""
    usual = {"role": "user", "at": NOON + timedelta(minutes=minutes), "id": uuid4()}
    return MessageSent(user_id=user, content=content, **{**usual, **fields})


def ids(found: Iterable[dict]) -> list[UUID]:
    return [UUID(each["id"]) for each in found]


@asynccontextmanager
async def running(settings: Settings, kafka: KafkaOptions) -> AsyncIterator[World]:
    """A world of its own: topics are made, the database belongs to them, the app runs."""
    topics = await prepare(settings, kafka)
    async with serving(settings) as (app, http):
        parts: Parts = app.state.parts
        subjects = Subjects(parts.engine, LocalKeys(wiring.secrets(settings).keks))
        vectors = store(settings)
        yield World(settings, app, http, kafka, topics, vectors, subjects)
        await vectors.close()


async def prepare(settings: Settings, kafka: KafkaOptions) -> TopicNames:
    """Make the topics, and bind the database to them."""
    topics = topic_names(settings.tidemark_topic_prefix)
    await apply_topics(kafka, topic_table(topics, PARTITIONS))
    engine = wiring.postgres(settings)
    await record_cluster(engine, await read_binding(kafka, topics, PARTITIONS))
    await engine.dispose()
    return topics


def make_app(settings: Settings) -> FastAPI:
    """The app with an encoder that is there at once."""
    return create_app(settings, lambda given: (WordEncoder(), store(given)))


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """The app, started, and a client that speaks to it without a socket."""
    app = make_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://tidemark", timeout=60) as http,
    ):
        yield app, http


def store(settings: Settings) -> QdrantStore:
    return QdrantStore(connect(settings.qdrant_url), _collection(settings), DIM)


def _collection(settings: Settings) -> str:
    return f"{settings.tidemark_topic_prefix}words"
