"""The engines of a benchmark's world, with the settings that `tidemark up` gives them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ops.embedded import kafka, postgres
from ops.embedded.kafka import KafkaServer
from ops.embedded.ports import HOST
from ops.embedded.postgres import PostgresServer
from ops.topics import prepare_topics
from pipeline.adapters.postgres.migrate import upgrade
from pipeline.settings import Settings
from tests.servers import CACHE

if TYPE_CHECKING:
    from tests.benchmarks.world import World

DATABASE = "tidemark"
READY_SECONDS = 180


async def start_engines(made: "World") -> None:
    """Start Kafka, PostgreSQL and the vectors process; topics and tables are there afterwards."""
    broker, database = _kafka(made), _postgres(made)
    for prepare in (lambda: kafka.prepare(broker), lambda: postgres.prepare(database)):
        await asyncio.to_thread(prepare)
    made.overrides = _overrides(made, postgres.url(database, DATABASE))
    made.spawn("kafka", kafka.command(broker), kafka.ENV)
    made.spawn("postgres", postgres.command(database), postgres.ENV)
    made.start("vectors", "-m", "ops.embedded.vectors", *_vectors(made))
    await kafka.wait_ready(broker, READY_SECONDS, lambda: made.alive("kafka"))
    await postgres.wait_ready(database, READY_SECONDS, lambda: made.alive("postgres"))
    await made.serving("vectors", f"{made.overrides['QDRANT_URL']}/readyz")
    await postgres.create_database(postgres.url(database), DATABASE)
    await asyncio.to_thread(upgrade, made.postgres_url)
    await prepare_topics(settings_of(made.overrides))


def settings_of(overrides: Mapping[str, str]) -> Settings:
    """The settings that these variables make, for code in this process."""
    given: dict[str, object] = {name.lower(): value for name, value in overrides.items()}
    return Settings(**given)  # type: ignore[arg-type]  words, as the environment has them


def _kafka(made: "World") -> KafkaServer:
    return KafkaServer(
        data_dir=made.folder / "kafka",
        port=made.ports["kafka"],
        controller_port=made.ports["controller"],
        cache_dir=CACHE,
    )


def _postgres(made: "World") -> PostgresServer:
    return PostgresServer(data_dir=made.folder / "postgres", port=made.ports["postgres"])


def _vectors(made: "World") -> Iterable[str]:
    return ("--path", str(made.folder / "vectors"), "--port", str(made.ports["vectors"]))


def _overrides(made: "World", database: str) -> dict[str, str]:
    """What leads to our engines; the developer's own choice of model and limits stays."""
    return {
        "TIDEMARK_ENV": "dev",
        "TIDEMARK_KEKS": "",
        "TIDEMARK_KEY_FILE": "",
        "TIDEMARK_TOPIC_PREFIX": "",
        "TIDEMARK_WORKER_ID": "",
        "DATA_DIR": str(made.folder / "data"),
        "KAFKA_BOOTSTRAP_SERVERS": made.bootstrap,
        "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "POSTGRES_URL": database,
        "QDRANT_URL": f"http://{HOST}:{made.ports['vectors']}",
        "API_HOST": HOST,
        "API_PORT": str(made.ports["api"]),
        "METRICS_PORT": "0",
    }
