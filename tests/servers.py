"""The real engines behind the tests: started on free ports, in folders of their own, and ended."""

import asyncio
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM, Signals
from typing import Any

from ops.embedded import kafka, postgres
from ops.embedded.kafka import KafkaServer
from ops.embedded.ports import HOST, free_ports
from ops.embedded.postgres import PostgresServer
from ops.embedded.processes import spawn, terminate
from tests.waiting import until

STOP_SECONDS = 20
READY_SECONDS = 90

# The jars are fetched once on a machine, not once a session.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tidemark"

KAFKA_SETTINGS = {
    "group.min.session.timeout.ms": "1000",
    "log.initial.task.delay.ms": "1000",
    "log.retention.check.interval.ms": "1000",
    "log.segment.delete.delay.ms": "100",
}


@dataclass
class Engine:
    """One embedded engine, which a test may stop, kill and start again."""

    prepare: Callable[[], None]
    argv: Callable[[], list[str]]
    env: Mapping[str, str]
    log: Path
    wait_ready: Callable[[Callable[[], bool]], Coroutine[Any, Any, None]]
    stop_signal: Signals
    process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start its process; it is not ready yet."""
        self.prepare()
        self.process = spawn(self.argv(), self.env, self.log)

    async def ready(self) -> None:
        """Wait until it answers; raise with the end of its log when it does not."""
        process = self.process
        assert process is not None
        try:
            await self.wait_ready(lambda: process.poll() is None)
        except BaseException as error:
            self.stop(Signals.SIGKILL)
            error.add_note(self.log.read_text()[-2000:])
            raise

    def stop(self, first: Signals | None = None) -> int:
        """End it, cleanly unless told otherwise; its exit status."""
        assert self.process is not None
        return terminate(self.process, STOP_SECONDS, first or self.stop_signal)


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    """Keep an engine up for the length of the block."""
    engine.launch()
    try:
        asyncio.run(engine.ready())
        yield engine
    finally:
        engine.stop()


def kafka_engine(
    folder: Path, ports: Sequence[int], settings: Mapping[str, str] = KAFKA_SETTINGS
) -> tuple[KafkaServer, Engine]:
    """A broker with its data in `folder`; its own port and that of its controller."""
    server = KafkaServer(
        data_dir=folder,
        port=ports[0],
        controller_port=ports[1],
        cache_dir=CACHE,
        settings=settings,
    )
    return server, Engine(
        prepare=lambda: kafka.prepare(server),
        argv=lambda: kafka.command(server),
        env=kafka.ENV,
        log=folder / "kafka.log",
        wait_ready=lambda alive: kafka.wait_ready(server, READY_SECONDS, alive),
        stop_signal=kafka.STOP_SIGNAL,
    )


def postgres_engine(folder: Path) -> tuple[PostgresServer, Engine]:
    """A database server with its data in `folder`; a kill loses nothing, a power cut may."""
    server = PostgresServer(data_dir=folder, port=free_ports(1)[0], fsync=False)
    return server, Engine(
        prepare=lambda: postgres.prepare(server),
        argv=lambda: postgres.command(server),
        env=postgres.ENV,
        log=folder / "postgres.log",
        wait_ready=lambda alive: postgres.wait_ready(server, READY_SECONDS, alive),
        stop_signal=postgres.STOP_SIGNAL,
    )


def vectors_engine(folder: Path) -> tuple[str, Engine]:
    """A `vectors` process with its data in `folder`, and its URL."""
    port = free_ports(1)[0]
    url = f"http://{HOST}:{port}"
    program = ["-m", "ops.embedded.vectors", "--path", str(folder / "vectors"), "--port", str(port)]
    return url, Engine(
        prepare=lambda: None,
        argv=lambda: [sys.executable, *program],
        env=os.environ,
        log=folder / "vectors.log",
        wait_ready=lambda alive: until(
            lambda: answers(f"{url}/readyz") or not alive(), seconds=READY_SECONDS
        ),
        stop_signal=SIGTERM,
    )


def answers(url: str) -> bool:
    """Whether an HTTP server says that it is ready."""
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False
