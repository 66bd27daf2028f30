"""Engines and workers of a benchmark's own: on two cores, free ports and a folder that goes away.

The engines have the settings of `tidemark up`; workers and API are started by that command itself,
or alone where one of them is looked at.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM, Signals

from ops.embedded import postgres
from ops.embedded.ports import HOST, free_ports
from ops.embedded.processes import spawn, terminate
from ops.embedded.stack_home import Home
from ops.embedded.state import running
from pipeline.settings import environment
from tests.benchmarks.engines import READY_SECONDS, start_engines
from tests.servers import answers
from tests.waiting import until

ROOT = Path(__file__).parents[2]
CORES = 2
SUPERVISOR = "tidemark up"
STOP_SECONDS = 60
NAMES = ("kafka", "controller", "postgres", "vectors", "api", "metrics")


@dataclass(slots=True)
class World:
    """Running processes by name, and the settings that lead to them."""

    folder: Path
    ports: Mapping[str, int]
    overrides: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return f"{HOST}:{self.ports['kafka']}"

    @property
    def api(self) -> str:
        """The API's address, `host:port`."""
        return f"{HOST}:{self.ports['api']}"

    @property
    def metrics(self) -> str:
        """Where a worker that was started with `start` tells its metrics."""
        return f"http://{HOST}:{self.ports['metrics']}/metrics"

    @property
    def postgres_url(self) -> str:
        """The database, password included."""
        return self.overrides["POSTGRES_URL"]

    def pids(self) -> dict[str, int]:
        """Every process that was started, and those of `tidemark up`."""
        pids = {name: process.pid for name, process in self.processes.items()}
        state = running(Home(self.folder / "data")) if SUPERVISOR in pids else None
        stack = {each.name: each.pid for each in state.processes} if state else {}
        return pids | {name: pid for name, pid in stack.items() if pid is not None}

    def start(self, name: str, *arguments: str, **extra: str) -> None:
        """Start a Python program of ours."""
        path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
        env = environment({**self.overrides, "PYTHONPATH": path, **extra})
        self.spawn(name, [sys.executable, *arguments], env)

    def spawn(self, name: str, argv: list[str], env: Mapping[str, str]) -> None:
        """Start any program; its log is named like it."""
        self.processes[name] = spawn(argv, env, self._log(name))

    async def serving(self, name: str, url: str) -> None:
        """Wait until a process answers.

        Raises:
            RuntimeError: it ended; the end of its log.
        """
        await until(lambda: answers(url) or not self.alive(name), READY_SECONDS)
        self.require(name)

    def alive(self, name: str) -> bool:
        """Whether the process runs."""
        return self.processes[name].poll() is None

    def require(self, name: str) -> None:
        """Raise `RuntimeError` with the end of its log unless the process runs."""
        if not self.alive(name):
            raise RuntimeError(f"{name} ended:\n{self._log(name).read_text()[-2000:]}")

    def stop(self, *names: str, first: Signals = SIGTERM) -> None:
        """End processes, all at once."""
        ending = [self.processes.pop(name) for name in names if name in self.processes]
        for process in ending:
            process.send_signal(first)
        for process in ending:
            terminate(process, STOP_SECONDS, first)

    def stop_everything(self) -> None:
        """End engines last."""
        engines = ("vectors", "kafka", "postgres")
        self.stop(*(name for name in self.processes if name not in engines))
        self.stop("vectors", "kafka")
        self.stop("postgres", first=postgres.STOP_SIGNAL)

    async def start_consumers(self, *names: str) -> None:
        """Start consumers in one process, `consumers`, and wait until they are built."""
        self.start("consumers", "-m", "consumers", *names, METRICS_PORT=str(self.ports["metrics"]))
        await self.serving("consumers", self.metrics)

    async def start_stack(self) -> None:
        """Start every worker and the API by `tidemark up`, and wait until all of it is ready."""
        self.start(SUPERVISOR, "-m", "ops.cli", "up")
        await self.serving(SUPERVISOR, f"http://{self.api}/health/live")
        await until(lambda: self._ready() or not self.alive(SUPERVISOR), READY_SECONDS)
        self.require(SUPERVISOR)

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection(self.api, timeout=30)
        try:
            connection.request("GET", "/health/ready")
            return bool(json.load(connection.getresponse())["status"] == "ready")
        finally:
            connection.close()

    def _log(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}.log"


def stay_on_two_cores() -> None:
    """Keep this process, and all that it starts, on two cores of the machine."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Engines that serve, with topics and tables; afterwards nothing is left."""
    with tempfile.TemporaryDirectory(prefix="tidemark-bench-") as folder:
        made = World(Path(folder), dict(zip(NAMES, free_ports(len(NAMES)), strict=True)))
        try:
            await start_engines(made)
            yield made
        finally:
            made.stop_everything()
