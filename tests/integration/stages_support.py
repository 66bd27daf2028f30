"""Admit and the views over a real PostgreSQL, with both logs in memory."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import orjson
from sqlalchemy import select

from pipeline.adapters.kafka import (
    KafkaOptions,
    end_offsets,
    idempotent_producer,
    send_closed_batch,
)
from pipeline.adapters.kafka.producer import Record as Outgoing
from pipeline.adapters.keys import LocalKeys, Secrets
from pipeline.adapters.postgres.engine import create_engine, transaction
from pipeline.adapters.postgres.keyring import Keyring
from pipeline.adapters.postgres.subjects import Subjects
from pipeline.adapters.postgres.tables import admission, watermarks
from pipeline.adapters.postgres.watermarks import positions
from pipeline.domain.crypto import Kek
from pipeline.domain.identity import pid_of
from pipeline.errors import FatalError, StoreUnavailable
from pipeline.settings import Settings
from pipeline.stage import Record
from pipeline.stages.admission import Identity, Rejected
from pipeline.stages.admit import AdmitStage
from pipeline.stages.view import View
from pipeline.stages.view_stage import ViewStage
from pipeline.topics import topic_names
from pipeline.worker import Resources

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
BROKER_MS = round((NOON + timedelta(days=60)).timestamp() * 1000)  # brokers refuse the future
TOPIC, JOURNAL = "chat.events", "memory.journal"
DIM = 16

SECRETS = Secrets(
    keks=(Kek(1, hashlib.sha256(b"a test's KEK").digest()),),
    pid_key=hashlib.sha256(b"a test's pseudonym key").digest(),
)
IDENTITY = Identity(SECRETS.pid_key, "default")


def pid(user: str) -> bytes:
    return pid_of(IDENTITY.pid_key, IDENTITY.tenant, user)


def event_id(number: object) -> str:
    return str(uuid5(NAMESPACE_URL, str(number)))


def said(user: str = "ana", content: str = "hello", minutes: float = 0, **fields: Any) -> dict:
    """A message as JSON; without `id` or `message_id` its position names it."""
    at = (NOON + timedelta(minutes=minutes)).isoformat()
    usual = {"type": "chat.message.sent.v1", "user_id": user, "at": at, "role": "user"}
    return {**usual, "content": content, **fields}


def profile(user: str = "ana", minutes: float = 0, **changes: Any) -> dict:
    at = (NOON + timedelta(minutes=minutes)).isoformat()
    return {"type": "memory.profile.updated.v1", "user_id": user, "at": at, **changes}


@dataclass
class TableTop:
    """Both logs and the dead letters, as lists; appending can be made to fail."""

    events: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    journal: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    buried: list[Rejected] = field(default_factory=list)
    starts: dict[int, int] = field(default_factory=dict)

    async def append(self, partition: int, records: Sequence[Outgoing]) -> int:
        return _append(self.journal[partition], partition, records)

    async def send_home(self, partition: int, records: Sequence[Outgoing]) -> int:
        return _append(self.events[partition], partition, records)

    async def start_of(self, partition: int) -> int:
        return self.starts.get(partition, 0)

    async def prepare(self, records: Iterable[Record]) -> None:
        """Nothing is sealed here."""

    async def put(self, rejected: Sequence[Rejected]) -> None:
        self.buried += rejected

    def publish(self, *values: Any, partition: int = 0, key: bytes | None = None) -> None:
        """Append records to `chat.events`: events as JSON, or bytes as they are."""
        raw = [value if isinstance(value, bytes) else orjson.dumps(value) for value in values]
        _append(self.events[partition], partition, [Outgoing(key, one, BROKER_MS) for one in raw])

    def reasons(self) -> list[str]:
        return [one.reason for one in self.buried]


def _append(log: list[Record], partition: int, records: Iterable[Outgoing]) -> int:
    for one in records:
        place = partition, len(log), one.timestamp_ms
        log.append(Record(*place, one.key, one.value, dict(one.headers)))
    return len(log)


@dataclass
class World:
    """An installation without Kafka."""

    url: str
    engine: Any
    logs: TableTop
    keys: LocalKeys
    keyring: Keyring
    admit: AdmitStage

    async def publish(self, *values: Any, partition: int = 0, **options: Any) -> None:
        """Publish and admit."""
        self.logs.publish(*values, partition=partition, **options)
        await self.admit_all()

    async def admit_all(self, batch: int = 100) -> None:
        """Let admit settle everything, records sent home included."""
        while todo := await self._unsettled(admission, self.logs.events):
            for partition, records in todo.items():
                await self.admit.attempt(partition, records[:batch])

    def stage(self, view: View) -> ViewStage:
        """The view's stage as a fresh process would have it."""
        return ViewStage(view, JOURNAL, self.engine, Keyring(self.engine, self.keys))

    async def settle(self, stage: ViewStage, batch: int = 100) -> None:
        """Let a view settle everything, as the loop would."""
        while todo := await self._unsettled(watermarks[stage.name], self.logs.journal):
            for partition, records in todo.items():
                await attempt(stage, partition, records[:batch])

    async def rows(self, table: Any, *order: Any) -> list[Any]:
        async with transaction(self.engine) as connection:
            ordered = select(table).order_by(*(order or table.primary_key))
            return list(await connection.execute(ordered))

    async def _unsettled(self, table: Any, log: dict[int, list[Record]]) -> dict:
        async with transaction(self.engine) as connection:
            marks = await positions(connection, table)
        waiting = {p: records[marks.get(p, 0) :] for p, records in log.items()}
        return {p: records for p, records in waiting.items() if records}


async def attempt(stage: ViewStage, partition: int, records: Sequence[Record]) -> None:
    """What the loop does with records, once."""
    try:
        await stage.attempt(partition, records)
    except (StoreUnavailable, FatalError):
        raise
    except Exception:  # noqa: BLE001  as the loop
        await stage.attempt_singly(partition, records)


@asynccontextmanager
async def world_at(url: str):
    """A world over a database at the present schema."""
    engine = create_engine(url)
    logs, keys = TableTop(), LocalKeys(SECRETS.keks)
    keyring = Keyring(engine, keys)
    subjects = Subjects(engine, keys)
    admit = AdmitStage(TOPIC, IDENTITY, engine, keyring, subjects, logs, logs)
    yield World(url, engine, logs, keys, keyring, admit)
    await engine.dispose()


class HashEncoder:
    """Vectors of unit length that follow from the text; `texts` keeps what was encoded."""

    dimension = DIM

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        rows = [np.random.default_rng(seed).standard_normal(DIM) for seed in seeds]
        vectors = np.array(rows, np.float32).reshape(len(texts), DIM)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


async def mirror(world: World, options: KafkaOptions, journal: str) -> None:
    """Append the journal's records to a real topic, each at its offset."""
    producer = idempotent_producer(options)
    await producer.start()
    try:
        for partition, records in world.logs.journal.items():
            start = (await end_offsets(options, journal))[partition]
            todo = [_outgoing(record) for record in records[start:]]
            if todo:
                await send_closed_batch(producer, journal, partition, todo)
    finally:
        await producer.stop()


def _outgoing(record: Record) -> Outgoing:
    headers = tuple(record.headers.items())
    return Outgoing(record.key, record.value, record.timestamp_ms, headers)


def resources_of(world: World, options: KafkaOptions, prefix: str) -> Resources:
    """What commands work with."""
    return Resources(
        settings=Settings(_env_file=None, tidemark_partitions=2),
        kafka=options,
        topics=topic_names(prefix),
        engine=world.engine,
        keys=world.keys,
        keyring=Keyring(world.engine, world.keys),
        identity=IDENTITY,
    )
