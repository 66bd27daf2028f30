"""The whole pipeline as processes of a test's own, which may be killed, suspended and restarted.

async with running_pipeline(tmp_path, kafka, postgres_url, vectors_url) as world:
    await world.publish({"type": "chat.message.sent.v1", "user_id": "ann", ...})
    await world.wait_settled()
    assert await world.counts() == {...}
    assert await world.verify() == (0, ANY)
"""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals
from typing import Any, TypeAlias

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.embedded.ports import HOST, free_ports
from ops.embedded.processes import exited, spawn
from ops.topics import prepare_topics
from pipeline import wiring
from pipeline.adapters.kafka import KafkaOptions, client_arguments, end_offsets
from pipeline.adapters.postgres import tables
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.reads import read_marks
from pipeline.errors import StoreUnavailable
from pipeline.settings import Settings, environment
from pipeline.topics import TopicNames
from pipeline.upkeep.lag import measure, read_logs
from tests.waiting import until

Argv: TypeAlias = Sequence[str]
Value: TypeAlias = Mapping[str, Any] | bytes | None  # an event, raw bytes, or a tombstone

LIGHT = ("consumers", "admit", "persist", "usage")
EMBED = ("consumers", "embed")
API = ("api",)
USUAL: Mapping[str, Argv] = {"light": LIGHT, "embed": EMBED}

COUNTED: Mapping[str, Table] = {
    "admitted": tables.ledger,
    "messages": tables.messages,
    "profiles": tables.profiles,
    "points": tables.points,
    "days": tables.days,
}
FROM_USER_ID = b"<from user_id>"


@dataclass
class Pipeline:
    """A pipeline's processes by name, and hands to feed and to judge it."""

    settings: Settings
    env: Mapping[str, str]
    folder: Path
    engine: AsyncEngine
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def kafka(self) -> KafkaOptions:
        return wiring.kafka_options(self.settings)

    @property
    def topics(self) -> TopicNames:
        return wiring.topics(self.settings)

    @property
    def api(self) -> str:
        """The API's URL, once `start("api", API)` serves."""
        return f"http://{HOST}:{self.settings.api_port}"

    def start(self, name: str, module: Argv = LIGHT, **env: str) -> None:
        """Start `python -m MODULE…` under a name; a second one needs another name."""
        argv = [sys.executable, "-m", *module]
        self.processes[name] = spawn(argv, {**self.env, **env}, self.log(name))

    async def kill(self, name: str, number: Signals = SIGKILL) -> int | None:
        """Signal a process; unless it was only suspended or resumed, its exit status."""
        process = self.processes[name]
        process.send_signal(number)
        if number in (SIGSTOP, SIGCONT):
            return None
        async with asyncio.timeout(60):
            return await exited(process)

    def log(self, name: str) -> Path:
        """Where the processes of this name log."""
        return self.folder / f"{name}.log"

    async def publish(
        self,
        *values: Value,
        key: bytes | None = FROM_USER_ID,
        partition: int | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> list[RecordMetadata]:
        """Publish through a stock producer, in order; the key is the events' user id."""
        async with AIOKafkaProducer(
            **client_arguments(self.kafka), enable_idempotence=True, max_request_size=4 * 1024**2
        ) as producer:
            sent = [
                await producer.send(
                    self.topics.events,
                    orjson.dumps(value) if isinstance(value, Mapping) else value,
                    key=_key(value) if key == FROM_USER_ID else key,
                    partition=partition,
                    headers=headers,
                )
                for value in values
            ]
            return list(await asyncio.gather(*sent))

    async def counts(self) -> dict[str, int]:
        """Rows by `COUNTED`, quarantined records, and records ever buried as dead letters."""
        quarantined = sum((_rows(table) for table in tables.quarantines.values()), start=0)
        wanted = {name: _rows(table) for name, table in COUNTED.items()}
        async with transaction(self.engine) as connection:
            statement = select(*wanted.values(), quarantined)
            found = (await connection.execute(statement)).one()
        buried = await end_offsets(self.kafka, self.topics.dead_letters)
        names = [*wanted, "quarantined"]
        return {**dict(zip(names, found, strict=True)), "buried": sum(buried.values())}

    async def lag(self) -> dict[str, int]:
        """Records that each consumer still has to settle."""
        async with transaction(self.engine) as connection:
            marks = await read_marks(connection)
        lags = await measure(self.kafka, await read_logs(self.kafka, self.topics), marks)
        return {consumer: lag.total for consumer, lag in lags.items()}

    async def wait_settled(self, seconds: float = 120) -> None:
        """Wait until every consumer has settled what is published.

        Raises:
            TimeoutError: they have not; a note holds the ends of the logs.
        """
        try:
            await until(self._settled, seconds)
        except BaseException as error:
            error.add_note(self.tails())
            raise

    async def verify(self, *options: str) -> tuple[int, str]:
        """Run `verify`: its exit status and what it printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "consumers.verify", *options),
            env=dict(self.env),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, printed.decode()

    def tails(self) -> str:
        """The ends of the processes' logs."""
        logs = {name: self.log(name).read_text()[-2000:] for name in self.processes}
        return "\n".join(f"--- {name}\n{tail}" for name, tail in logs.items())

    async def _settled(self) -> bool:
        try:
            return not any((await self.lag()).values())
        except StoreUnavailable:
            return False


@asynccontextmanager
async def running_pipeline(
    folder: Path,
    kafka: KafkaOptions,
    postgres_url: str,
    qdrant_url: str,
    start: Mapping[str, Argv] = USUAL,
    **given: str,
) -> AsyncIterator[Pipeline]:
    """A pipeline over a migrated database and topics of its own; `given` are more settings."""
    env = _environment(
        data_dir=str(folder),
        kafka_bootstrap_servers=kafka.bootstrap,
        postgres_url=postgres_url,
        qdrant_url=qdrant_url,
        **given,
    )
    values: dict[str, Any] = {name.lower(): env[name] for name in _names()}
    settings = Settings(_env_file=None, **values)
    wiring.secrets(settings)  # made once, before processes race for it
    await prepare_topics(settings)
    world = Pipeline(settings, env, folder, wiring.postgres(settings))
    try:
        for name, module in start.items():
            world.start(name, module)
        yield world
    finally:
        for process in world.processes.values():
            process.kill()
            await exited(process)
        await world.engine.dispose()


def _environment(**given: str) -> dict[str, str]:
    """Every setting, so that nothing comes from a developer's own `.env`; empty means default."""
    usual = {
        "tidemark_env": "dev",
        "tidemark_topic_prefix": f"t{secrets.token_hex(4)}.",
        "tidemark_session_seconds": "6",
        "api_port": str(free_ports(1)[0]),
    }
    ours = {name.upper(): value for name, value in {**usual, **given}.items()}
    return environment(dict.fromkeys(_names(), "") | ours)


def _names() -> list[str]:
    return [name.upper() for name in Settings.model_fields]


def _key(value: Value) -> bytes | None:
    return str(value["user_id"]).encode() if isinstance(value, Mapping) else None


def _rows(table: Table) -> Any:
    return select(func.count()).select_from(table).scalar_subquery()
