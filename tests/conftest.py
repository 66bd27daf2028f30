"""Servers shared by the session, started when first asked for; a world of its own for each test."""

import os
import secrets
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from ops.embedded import postgres
from ops.embedded.ports import free_ports
from pipeline.adapters.kafka import KafkaOptions
from pipeline.settings import Settings
from tests.servers import kafka_engine, postgres_engine, running, vectors_engine

TEMPLATE = "template_tidemark"


def pytest_configure() -> None:
    """Nothing of the developer's own set-up may reach a test, nor the network a model hub."""
    ours = {name.upper() for name in Settings.model_fields}
    for name in list(os.environ):
        if name.upper() in ours or name.startswith(("TIDEMARK_", "PG")):
            del os.environ[name]
    os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def servers_folder():
    with tempfile.TemporaryDirectory(prefix="tidemark-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def kafka_server(servers_folder):
    """The session's broker. Do not stop it: start one of your own (`tests.servers`)."""
    server, engine = kafka_engine(servers_folder / "kafka", free_ports(2))
    with running(engine):
        yield server


@pytest.fixture(scope="session")
def kafka_options(kafka_server):
    return KafkaOptions(bootstrap=kafka_server.bootstrap)


@pytest.fixture
def topic_prefix():
    """Sets a test's topics and groups apart from every other's."""
    return f"t{secrets.token_hex(4)}."


@pytest.fixture(scope="session")
def postgres_server(servers_folder):
    """The session's database server. Do not stop it: start one of your own (`tests.servers`)."""
    server, engine = postgres_engine(servers_folder / "postgres")
    with running(engine):
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server):
    """Name of a database at the present schema, which nobody is connected to."""
    from pipeline.adapters.postgres.migrate import upgrade  # noqa: PLC0415  slow to import

    execute(postgres_server, "CREATE DATABASE {}", TEMPLATE)
    upgrade(postgres.url(postgres_server, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def postgres_url(postgres_server, migrated_template):
    """A database of the test's own, at the present schema."""
    yield from database(postgres_server, migrated_template)


@pytest.fixture
def empty_postgres_url(postgres_server):
    """A database of the test's own, with nothing in it."""
    yield from database(postgres_server, "template0")


@pytest.fixture(scope="session")
def vectors_url(servers_folder):
    """The session's `vectors` process: give your test a collection of its own."""
    url, engine = vectors_engine(servers_folder)
    with running(engine):
        yield url


def database(server, template):
    name = f"test_{secrets.token_hex(6)}"
    execute(server, "CREATE DATABASE {} TEMPLATE {}", name, template)
    yield postgres.url(server, name)
    execute(server, "DROP DATABASE {} WITH (FORCE)", name)


def execute(server, statement, *names):
    with psycopg.connect(postgres.url(server), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
