"""One running API for the session; every test has users of its own."""

import secrets

import pytest
import pytest_asyncio

from pipeline.settings import Settings
from tests.conftest import database
from tests.integration.api.world import running


@pytest.fixture(scope="session")
def make_settings(kafka_options, vectors_url, tmp_path_factory):
    def make(postgres_url, **changes):
        given = {
            "tidemark_env": "dev",
            "data_dir": tmp_path_factory.mktemp("api"),
            "kafka_bootstrap_servers": kafka_options.bootstrap,
            "tidemark_topic_prefix": f"t{secrets.token_hex(4)}.",
            "postgres_url": postgres_url,
            "qdrant_url": vectors_url,
            "tidemark_after_seconds": 2,
        }
        return Settings(_env_file=None, **{**given, **changes})

    return make


@pytest.fixture(scope="session")
def session_database(postgres_server, migrated_template):
    yield from database(postgres_server, migrated_template)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(session_database, make_settings, kafka_options):
    async with running(make_settings(session_database), kafka_options) as made:
        await made.vectors.ensure_collection()
        yield made


@pytest.fixture
def http(world):
    return world.http


@pytest.fixture
def user():
    """A user id that nobody else has."""
    return f"user-{secrets.token_hex(6)}"
