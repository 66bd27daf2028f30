"""Bringing a database to the present schema with Alembic, under an advisory lock."""

from pathlib import Path

import alembic.command
import alembic.config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from pipeline.adapters.postgres.engine import driver_url, is_away, sqlstate
from pipeline.errors import ConfigError, StoreUnavailable

MIGRATIONS = Path(__file__).resolve().parents[3] / "ops" / "migrations"
_LOCK = 7_150_221  # any number of our own; two migrations must not run at once


def upgrade(url: str) -> None:
    """Run every migration that the database lacks; harmless when there is none.

    Raises:
        StoreUnavailable: the database is away.
    """
    engine = create_engine(driver_url(url), hide_parameters=True)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config = _config()
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
    except DBAPIError as error:
        if is_away(error):
            raise StoreUnavailable(f"PostgreSQL: {sqlstate(error)}") from None
        raise
    finally:
        engine.dispose()


def check(url: str) -> None:
    """Refuse a database whose schema is not the one this version was written for.

    Raises:
        ConfigError: the schema is older or newer; the line names the command.
        StoreUnavailable: the database is away.
    """
    head = ScriptDirectory.from_config(_config()).get_current_head()
    engine = create_engine(driver_url(url), hide_parameters=True)
    try:
        with engine.connect() as connection:
            found = _revision(connection)
    except DBAPIError as error:
        raise StoreUnavailable(f"PostgreSQL: {sqlstate(error)}") from None
    finally:
        engine.dispose()
    if found != head:
        raise ConfigError(
            [f"PostgreSQL schema is at {found or 'nothing'}, needed is {head}: tidemark db upgrade"]
        )


def _revision(connection: object) -> str | None:
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415  slow, used once

    options = {"version_table_schema": "public"}
    return MigrationContext.configure(connection, opts=options).get_current_revision()  # type: ignore[arg-type]


def _config() -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
