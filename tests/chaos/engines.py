"""Engines that a test may stop, kill and start again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import select

from ops.embedded import postgres
from ops.embedded.ports import free_ports
from pipeline.adapters.kafka import KafkaOptions
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.migrate import upgrade
from pipeline.adapters.postgres.tables import flushed
from tests.pipeline_processes import Pipeline
from tests.servers import Engine, kafka_engine, postgres_engine, vectors_engine
from tests.waiting import until


@dataclass
class Engines:
    """The three engines and where they are."""

    kafka: Engine
    postgres: Engine
    vectors: Engine
    kafka_options: KafkaOptions
    postgres_url: str
    vectors_url: str


@asynccontextmanager
async def running_engines(folder: Path) -> AsyncIterator[Engines]:
    """Engines of one's own with their data in `folder`, the database at the present schema."""
    kafka_server, kafka = kafka_engine(folder / "kafka", free_ports(2))
    postgres_server, database = postgres_engine(folder / "postgres")
    vectors_url, vectors = vectors_engine(folder)
    engines = (kafka, database, vectors)
    try:
        for engine in engines:
            engine.launch()
        await asyncio.gather(*(engine.ready() for engine in engines))
        url = postgres.url(postgres_server)
        await asyncio.to_thread(upgrade, url)
        options = KafkaOptions(bootstrap=kafka_server.bootstrap)
        yield Engines(kafka, database, vectors, options, url, vectors_url)
    finally:
        for engine in engines:
            if engine.process is not None:
                engine.process.kill()
                engine.process.wait()


async def wait_repaired(world: Pipeline, seconds: float = 120) -> None:
    """Wait until embed has brought back what an unclean start of the vectors may have lost."""
    async with httpx.AsyncClient(base_url=world.settings.qdrant_url) as http:
        state = (await http.get("/tidemark/state")).raise_for_status().json()["result"]
    boot = f"{state['store_id']}/{state['boot_id']}"

    async def repaired() -> bool:
        async with transaction(world.engine) as connection:
            boots = list((await connection.execute(select(flushed.c.boot))).scalars())
        return len(boots) == world.settings.tidemark_partitions and set(boots) == {boot}

    await until(repaired, seconds)
