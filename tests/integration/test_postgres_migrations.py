"""The migrations make exactly the tables that the code describes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from ops.embedded.ports import free_ports
from pipeline.adapters.postgres.engine import driver_url
from pipeline.adapters.postgres.migrate import check, upgrade
from pipeline.adapters.postgres.tables import VIEWS, metadata
from pipeline.errors import ConfigError, StoreUnavailable

SCHEMAS = {"truth", *VIEWS}


@pytest.fixture
def connect():
    engines = []

    def connected(url):
        engines.append(create_engine(driver_url(url)))
        return engines[-1].connect()

    yield connected
    for engine in engines:
        engine.dispose()


def ours(name, kind, parents):
    """Look at our schemas only; Alembic's own table lives in `public`."""
    return name in SCHEMAS if kind == "schema" else True


def differences(connection):
    options = {
        "include_schemas": True,
        "include_name": ours,
        "version_table_schema": "public",
        "compare_type": True,
        "compare_server_default": True,
    }
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_migrations_and_metadata_say_the_same(postgres_url, connect):
    with connect(postgres_url) as connection:
        assert differences(connection) == []


def test_a_difference_would_be_seen(postgres_url, connect):
    with connect(postgres_url) as connection:
        connection.execute(text("ALTER TABLE usage.days ALTER COLUMN messages TYPE bigint"))
        connection.execute(text("DROP INDEX persist.messages_by_time"))
        connection.execute(text("ALTER TABLE embed.watermark ALTER starts DROP DEFAULT"))

        assert len(differences(connection)) == 3


def test_every_schema_of_ours_is_made(postgres_url, connect):
    with connect(postgres_url) as connection:
        assert set(inspect(connection).get_schema_names()) >= SCHEMAS


def test_boxes_are_not_compressed_again(postgres_url, connect):
    statement = text(
        "SELECT a.attrelid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
        " WHERE attname = 'box' AND relkind = 'r' AND attstorage != 'e'"
    )
    with connect(postgres_url) as connection:
        assert list(connection.execute(statement)) == []


def test_upgrading_again_changes_nothing(postgres_url, connect):
    upgrade(postgres_url)

    check(postgres_url)
    with connect(postgres_url) as connection:
        assert differences(connection) == []


def test_two_upgrades_at_once_make_one(empty_postgres_url):
    with ThreadPoolExecutor(2) as both:
        list(both.map(upgrade, [empty_postgres_url] * 2))

    check(empty_postgres_url)


def test_an_empty_database_is_refused_with_the_command(empty_postgres_url):
    with pytest.raises(ConfigError, match=r"is at nothing, .*: tidemark db upgrade"):
        check(empty_postgres_url)


def test_a_newer_database_is_refused(postgres_url, connect):
    with connect(postgres_url) as connection:
        connection.execute(text("UPDATE public.alembic_version SET version_num = '9999'"))
        connection.commit()

    with pytest.raises(ConfigError, match="is at 9999"):
        check(postgres_url)


@pytest.mark.parametrize("command", [upgrade, check])
def test_a_database_away_is_said_so(command):
    with pytest.raises(StoreUnavailable):
        command(f"postgresql://127.0.0.1:{free_ports(1)[0]}/none")
