"""Faust as a loop only: one app and consumer group per consumer, positions from the watermarks."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust
import faust.streams
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from pipeline.adapters.kafka.options import KafkaOptions, broker_url, ssl_context
from pipeline.consume import consume, leave
from pipeline.errors import FatalError, StoreUnavailable
from pipeline.metrics import PARTITIONS
from pipeline.stage import Stage

# Longer, and Faust takes the time-out of an assignment for a stop, for ever.
RESUME_SECONDS = 5.0
BUFFER = 2000  # at least five times a fetch, or one agent's backlog stalls the others
WEEK = 604_800.0

# Faust as a loop and no more: no tables, no web server, no topics of its own, nothing committed
# but what the loop has acknowledged.
ALWAYS: Mapping[str, Any] = {
    "processing_guarantee": "at_least_once",
    "topic_allow_declare": False,
    "topic_disable_leader": True,
    "table_standby_replicas": 0,
    "store": "memory://",
    "web_enabled": False,
    "stream_wait_empty": True,
    "stream_publish_on_commit": False,
    "stream_buffer_maxsize": BUFFER,
    "consumer_max_fetch_size": 1024 * 1024,
    "broker_commit_interval": 1.0,
    "broker_commit_every": 2000,
    "broker_heartbeat_interval": 1.0,
    "broker_rebalance_timeout": 60.0,
    "broker_max_poll_interval": WEEK,
    "consumer_auto_offset_reset": "earliest",
    "producer_request_timeout": 30.0,
    "key_serializer": "raw",
    "value_serializer": "raw",
    "agent_supervisor": "mode.CrashingSupervisor",
    "worker_redirect_stdouts": False,
}


@dataclass(frozen=True, slots=True)
class AppOptions:
    """What an app needs besides its stage."""

    kafka: KafkaOptions
    group: str
    member: str  # stable and unique: a restart within the session makes no rebalance
    batch: int
    linger: float  # seconds
    session: float  # seconds of silence after which the group goes on without this worker
    datadir: Path  # Faust insists on a folder; nothing is kept there
    start_from_hint: bool  # a view may fall back on Kafka's offset, admit never


def make_app(stage: Stage, options: AppOptions) -> faust.App:
    """A Faust app whose one agent runs the loop over the stage's topic."""
    if getattr(faust.streams, "_CStreamIterator", None) is None:
        # The Python twin acknowledges records of an old generation that nobody has seen.
        raise FatalError("faust was installed without its Cython stream iterator")
    app = faust.App(options.group, **ALWAYS, **_chosen(options))
    app.transport = _transport(app, stage, options)
    raw: dict[str, Any] = {"key_serializer": "raw", "value_serializer": "raw"}
    topic = app.topic(stage.topic, key_type=bytes, value_type=bytes, **raw)

    async def agent(stream: Any) -> None:
        await consume(stage, stream, options.batch, options.linger)
        if not app.should_stop:
            leave(f"{stage.name}: the stream ended by itself")

    app.agent(topic, name=stage.name, concurrency=1)(agent)
    return app


def _chosen(options: AppOptions) -> dict[str, Any]:
    """Faust's settings that follow from ours."""
    return {
        "broker": broker_url(options.kafka),
        "broker_credentials": _credentials(options.kafka),
        "consumer_group_instance_id": options.member,
        "datadir": str(options.datadir),
        "broker_max_poll_records": min(options.batch, BUFFER // 5),
        "broker_session_timeout": options.session,
        # Faust wants no less than a session.
        "broker_request_timeout": max(60.0, options.session),
    }


def _transport(app: faust.App, stage: Stage, options: AppOptions) -> driver.Transport:
    class Consumer(_WatermarkConsumer):
        """Bound to this app's stage: Faust builds consumers from a class."""

    Consumer.stage, Consumer.start_from_hint = stage, options.start_from_hint

    class Transport(driver.Transport):
        """Aiokafka with our consumer."""

    Transport.Consumer = Consumer
    return Transport(app.conf.broker, app, loop=app.loop)


class _CommittedThread(driver.AIOKafkaConsumerThread):
    """Reads only what transactions have committed: aborted records must not become effects."""

    logger = driver.logger

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001  no setting leads there
        return consumer


class _WatermarkConsumer(driver.Consumer):
    """Reads on where the stage's watermark stands, whatever Kafka remembers."""

    logger = driver.logger
    stage: Stage
    start_from_hint: bool
    unchecked: Mapping[TP, int] | None = (
        None  # Kafka's hints, taken while no watermark was to be had
    )

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek the assigned partitions; called at every assignment, at times twice at once."""
        hints = await super().seek_to_committed()
        assigned = {TP(tp.topic, tp.partition) for tp in self.assignment()}
        PARTITIONS.labels(self.stage.name).set(len(assigned))
        if not assigned:
            return hints
        positions = await self._positions(assigned)
        if positions is None:
            self.unchecked = hints  # `watch` makes sure that they are not ahead
            return hints
        self.unchecked = None
        await self.seek_wait(positions)
        return positions

    async def _positions(self, assigned: set[TP]) -> dict[TP, int] | None:
        try:
            async with asyncio.timeout(RESUME_SECONDS):
                starts = await self.earliest_offsets(*assigned)
                by_partition = {tp.partition: offset for tp, offset in starts.items()}
                found = await self.stage.resume_at(by_partition)
        except FatalError as error:
            leave(f"{self.stage.name}: {error}", error)
        except (StoreUnavailable, TimeoutError):
            if self.start_from_hint:
                return None  # what lies below the watermark is dropped by the stage
            leave(f"{self.stage.name}: no watermark at assignment, and no other start is safe")
        return {tp: found[tp.partition] for tp in assigned}


def _credentials(options: KafkaOptions) -> Any:
    context = ssl_context(options)
    if options.uses_sasl:
        return faust.SASLCredentials(
            username=options.sasl_username,
            password=options.sasl_password,
            mechanism=options.sasl_mechanism,
            ssl_context=context,
        )
    return context
