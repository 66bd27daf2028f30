"""The stack that `tidemark up` runs: which engines are ours, and what every process is told."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ops.embedded.kafka import KafkaServer
from ops.embedded.ports import HOST
from ops.embedded.postgres import PostgresServer
from ops.embedded.stack_home import Home, held, open_home
from ops.embedded.stack_parts import api_part, kafka_part, postgres_part, vectors_part, worker_part
from ops.embedded.stack_ports import Memory, recall
from ops.embedded.stack_reach import DATABASE, api_address, process_environment, reach
from ops.embedded.state import Addresses, ProcessState, StackState, forget_state, running
from ops.embedded.supervisor_part import Child, Part, child_of
from pipeline.errors import ConfigError
from pipeline.settings import Settings, environment

WORKERS = {"light": ("admit", "persist", "usage"), "embed": ("embed",)}


@dataclass(frozen=True, slots=True)
class Stack:
    """What is about to run."""

    home: Home
    given: Settings
    memory: Memory
    addresses: Addresses
    engines: tuple[Child, ...]  # ours; those that the user has set are not started
    workers: tuple[Child, ...]
    api: Child

    @property
    def processes(self) -> tuple[Child, ...]:
        """All of them, in the order in which they start."""
        return (*self.engines, *self.workers, self.api)

    def reached(self) -> Settings:
        """The settings of its processes; to be called when the engines serve."""
        return reach(self.given, self.home, self.addresses)

    def state(self, *, ready: bool) -> StackState:
        """What others may know."""
        processes = tuple(_described(child) for child in self.processes)
        return StackState(os.getpid(), ready, self.addresses, processes)


@contextmanager
def taken_over(data_dir: Path) -> Iterator[Home]:
    """Open the data directory and hold it for the length of the block.

    Raises:
        ConfigError: see `open_home`; or a stack already runs on it.
    """
    home = open_home(data_dir)
    with held(home) as ours:
        if not ours:
            raise ConfigError([_already(home, running(home))])
        forget_state(home)
        try:
            yield home
        finally:
            forget_state(home)


def plan(given: Settings, home: Home) -> Stack:
    """Decide ports and addresses; the caller holds the directory.

    Raises:
        ConfigError: a port that others know is taken.
    """
    chosen = given.model_fields_set
    memory = recall(home, given.api_port, own_kafka="kafka_bootstrap_servers" not in chosen)
    addresses = _addresses(given, memory)
    env = partial(_environment, given, home, addresses)
    return Stack(
        home=home,
        given=given,
        memory=memory,
        addresses=addresses,
        engines=tuple(child_of(part) for part in _engines(given, home, memory)),
        workers=tuple(child_of(part) for part in _workers(given, home, memory, env)),
        api=child_of(api_part(addresses.api, partial(env, {}), home.log("api"))),
    )


def _engines(given: Settings, home: Home, memory: Memory) -> Iterator[Part]:
    ports, chosen = memory.ports, given.model_fields_set
    if "kafka_bootstrap_servers" not in chosen:
        broker = KafkaServer(
            data_dir=home.folder("kafka"),
            port=ports["kafka"],
            controller_port=ports["controller"],
            cache_dir=given.cache_dir,
        )
        yield kafka_part(broker, home.log("kafka"))
    if "postgres_url" not in chosen:
        database = PostgresServer(data_dir=home.folder("postgres"), port=ports["postgres"])
        yield postgres_part(database, home.log("postgres"))
    if "qdrant_url" not in chosen:
        folder, log = home.folder("vectors"), home.log("vectors")
        yield vectors_part(folder, ports["vectors"], partial(environment, {}), log)


def _workers(
    given: Settings, home: Home, memory: Memory, env: Callable[[dict[str, str]], dict[str, str]]
) -> Iterator[Part]:
    for name, consumers in WORKERS.items():
        extra = {
            "METRICS_PORT": str(memory.ports[f"{name} metrics"]),
            "METRICS_HOST": HOST,
            "TIDEMARK_WORKER_ID": f"{memory.installation}-{name}",
        }
        yield worker_part(
            name,
            consumers,
            partial(env, extra),
            home.log(name),
            metrics=_metrics(name, memory),
            stop_seconds=given.tidemark_stop_seconds,
        )


def _addresses(given: Settings, memory: Memory) -> Addresses:
    ports, chosen = memory.ports, given.model_fields_set
    api = api_address(given.model_copy(update={"api_port": ports["api"]}))
    ours = {
        "kafka_bootstrap_servers": f"{HOST}:{ports.get('kafka')}",
        "qdrant_url": f"http://{HOST}:{ports['vectors']}",
    }
    used = {name: getattr(given, name) if name in chosen else at for name, at in ours.items()}
    own_postgres = "postgres_url" not in chosen
    metrics = {name: _metrics(name, memory) for name in WORKERS}
    return Addresses(
        api=api,
        kafka=used["kafka_bootstrap_servers"],
        vectors=used["qdrant_url"],
        postgres=f"{HOST}:{ports['postgres']}/{DATABASE}" if own_postgres else _shown(given),
        postgres_port=ports["postgres"] if own_postgres else None,
        metrics={"api": f"{api}/metrics", **metrics},
    )


def _metrics(name: str, memory: Memory) -> str:
    return f"http://{HOST}:{memory.ports[f'{name} metrics']}/metrics"


def _shown(given: Settings) -> str:
    """The user's database, without name and password."""
    url = urlsplit(given.postgres_url.get_secret_value())
    return f"{url.hostname}:{url.port or 5432}{url.path}"


def _environment(
    given: Settings, home: Home, addresses: Addresses, extra: dict[str, str]
) -> dict[str, str]:
    return process_environment(reach(given, home, addresses), extra)


def _described(child: Child) -> ProcessState:
    pid = child.process.pid if child.process and child.alive else None
    return ProcessState(child.part.name, pid, child.up, child.restarts)


def _already(home: Home, state: StackState | None) -> str:
    if state is None:
        return f"a stack is just ending in {home.root}: try again"
    where = f"API {state.addresses.api}, Kafka {state.addresses.kafka}"
    return f"a stack already runs in {home.root} ({where}); stop it with: tidemark down"
