"""The parts of a stack, one function each: engines of ours, and Tidemark's own processes."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from ops.embedded import kafka, postgres
from ops.embedded.kafka import KafkaServer
from ops.embedded.ports import HOST
from ops.embedded.postgres import PostgresServer
from ops.embedded.supervisor_part import Part, answers

Environment = Callable[[], Mapping[str, str]]

_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0
_BEHIND_THE_REST = 10  # niceness of encoding in bulk, which can wait
_MORE_SECONDS = 5.0  # than a worker itself allows for its stop


def kafka_part(server: KafkaServer, log: Path) -> Part:
    """The broker."""
    return Part(
        name="kafka",
        log=log,
        command=partial(kafka.command, server),
        env=lambda: kafka.ENV,
        prepare=partial(kafka.prepare, server),
        ready=partial(kafka.wait_ready, server, _READY_SECONDS),
        stop_signal=kafka.STOP_SIGNAL,
        grace_s=_STOP_SECONDS,
    )


def postgres_part(server: PostgresServer, log: Path) -> Part:
    """The database server."""
    return Part(
        name="postgres",
        log=log,
        command=partial(postgres.command, server),
        env=lambda: postgres.ENV,
        prepare=partial(postgres.prepare, server),
        ready=partial(postgres.wait_ready, server, _READY_SECONDS),
        stop_signal=postgres.STOP_SIGNAL,
        grace_s=_STOP_SECONDS,
    )


def vectors_part(folder: Path, port: int, env: Environment, log: Path) -> Part:
    """The owner of Qdrant Edge."""
    arguments = ["--path", str(folder), "--port", str(port)]
    return Part(
        name="vectors",
        log=log,
        command=lambda: _module("ops.embedded.vectors", *arguments),
        env=env,
        ready=partial(answers, f"http://{HOST}:{port}/readyz"),
    )


def worker_part(
    name: str,
    consumers: tuple[str, ...],
    env: Environment,
    log: Path,
    *,
    metrics: str,
    stop_seconds: float,
) -> Part:
    """Consumers in one process and loop; it serves `metrics` once its consumers are built."""
    encodes = "embed" in consumers
    return Part(
        name=name,
        log=log,
        command=lambda: _module("consumers", *consumers),
        env=env,
        ready=partial(answers, metrics),
        grace_s=stop_seconds + _MORE_SECONDS,
        nice=_BEHIND_THE_REST if encodes else 0,
        background=encodes,  # loading the model takes a while, and the rest works without
    )


def api_part(url: str, env: Environment, log: Path) -> Part:
    """The HTTP API."""
    return Part(
        name="api",
        log=log,
        command=lambda: _module("api"),
        env=env,
        ready=partial(answers, f"{url}/health/live"),
    )


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
