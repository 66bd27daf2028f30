"""The embedded PostgreSQL: what was committed stays, through every kind of end."""

import asyncio
import os
import shutil
import signal
import stat

import psycopg
import pytest

from ops.embedded import postgres
from ops.embedded.ports import free_ports
from pipeline.errors import ConfigError
from tests.servers import postgres_engine, running

CONTENT = "a-sentence-nobody-may-log"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server that this module may stop and kill, left running by each test."""
    server, engine = postgres_engine(tmp_path_factory.mktemp("own") / "postgres")
    with running(engine):
        yield server, engine


def query(server, statement, *values, password=None):
    url = postgres.url(server)
    arguments = {"password": password} if password else {}
    with psycopg.connect(url, autocommit=True, **arguments) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
async def test_committed_rows_survive(own, end):
    server, engine = own
    query(server, "CREATE TABLE IF NOT EXISTS kept (how int)")
    query(server, "INSERT INTO kept VALUES (%s)", int(end))
    held = psycopg.connect(postgres.url(server))  # a session that does not go by itself
    held.execute("INSERT INTO kept VALUES (0)")  # never committed

    await asyncio.to_thread(engine.stop, end)
    engine.launch()
    await engine.ready()

    held.close()
    rows = query(server, "SELECT how FROM kept")
    assert (int(end),) in rows
    assert (0,) not in rows


async def test_a_server_starts_although_its_old_process_id_is_in_use_by_a_stranger(own):
    server, engine = own
    engine.stop(signal.SIGKILL)
    pid_file = server.data_dir / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    engine.launch()
    await engine.ready()

    assert query(server, "SELECT 1") == [(1,)]


def test_data_in_use_is_refused(own):
    server, _ = own
    other = postgres.PostgresServer(data_dir=server.data_dir, port=free_ports(1)[0])

    with pytest.raises(ConfigError, match="a PostgreSQL already runs on"):
        postgres.prepare(other)


def test_nothing_of_a_row_is_ever_logged(own):
    server, engine = own
    query(server, "CREATE TABLE secrets (value text UNIQUE)")
    query(server, "INSERT INTO secrets VALUES (%s)", CONTENT)

    with pytest.raises(psycopg.errors.UniqueViolation, match=CONTENT):
        query(server, "INSERT INTO secrets VALUES (%s)", CONTENT)
    with pytest.raises(psycopg.errors.InvalidTextRepresentation, match=CONTENT):
        query(server, "SELECT %s::text::uuid", CONTENT)
    with pytest.raises(psycopg.errors.UndefinedTable):
        query(server, f"SELECT '{CONTENT}' FROM nowhere")

    assert CONTENT not in engine.log.read_text()


def test_a_wrong_password_is_refused(own):
    server, _ = own

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        query(server, "SELECT 1", password="wrong")


def test_only_the_owner_reads_the_password_and_the_data(own):
    server, _ = own
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in server.data_dir.iterdir()}

    assert modes["password"] == 0o600
    assert modes["cluster"] == 0o700


async def test_creating_a_database_twice_does_nothing(own):
    server, _ = own
    for _ in range(2):
        await postgres.create_database(postgres.url(server), "twice")

    with psycopg.connect(postgres.url(server, "twice")) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("twice",)


def test_a_cluster_that_was_never_finished_is_made_anew(tmp_path):
    server, engine = postgres_engine(tmp_path / "postgres")
    (server.data_dir / "unfinished" / "base").mkdir(parents=True)
    (server.data_dir / "unfinished" / "PG_VERSION").write_text("18\n")

    with running(engine):
        assert query(server, "SELECT 1") == [(1,)]


def test_data_of_another_version_is_refused(tmp_path):
    server, _ = postgres_engine(tmp_path / "postgres")
    (server.data_dir / "cluster").mkdir(parents=True)
    (server.data_dir / "cluster" / "PG_VERSION").write_text("17\n")

    with pytest.raises(ConfigError, match="is of PostgreSQL 17, this one is 18"):
        postgres.prepare(server)
    shutil.rmtree(server.data_dir)
