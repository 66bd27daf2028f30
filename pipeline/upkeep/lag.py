"""How far each consumer is behind, computed from Kafka and PostgreSQL and never by the workers.

A worker that hangs, or is not there, cannot report that it is behind.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer

from pipeline.adapters.kafka import KafkaOptions, Span, end_offsets, start_offsets
from pipeline.adapters.kafka.oldest import looking, oldest_ms
from pipeline.adapters.postgres.reads import Marks
from pipeline.adapters.postgres.reads.marks import ADMIT
from pipeline.adapters.postgres.tables import VIEWS
from pipeline.metrics import LAG_RECORDS, LAG_SECONDS
from pipeline.topics import TopicNames


@dataclass(frozen=True, slots=True)
class Lag:
    """Unsettled records by partition, and the age of the oldest in seconds (0 if there is none)."""

    records: Mapping[int, int]
    seconds: float

    @property
    def total(self) -> int:
        """Unsettled records of all partitions."""
        return sum(self.records.values())


@dataclass(frozen=True, slots=True)
class Log:
    """Where a topic's partitions begin and end."""

    topic: str
    starts: Mapping[int, int]
    ends: Mapping[int, int]


async def read_logs(options: KafkaOptions, topics: TopicNames) -> dict[str, Log]:
    """The log that each consumer reads.

    Raises:
        ConfigError: a topic does not exist.
        StoreUnavailable: no broker answers.
    """
    events = await _log(options, topics.events)
    journal = await _log(options, topics.journal)
    return {ADMIT: events, **dict.fromkeys(VIEWS, journal)}


async def measure(options: KafkaOptions, logs: Mapping[str, Log], marks: Marks) -> dict[str, Lag]:
    """The lag of every consumer.

    `marks` are read before `logs`, or a consumer could seem to be ahead.

    Raises:
        StoreUnavailable: no broker answers.
    """
    waiting = {consumer: _waiting(consumer, log, marks) for consumer, log in logs.items()}
    if not any(waiting.values()):
        return {consumer: Lag(dict.fromkeys(log.ends, 0), 0.0) for consumer, log in logs.items()}
    async with looking(options) as eye:
        return {consumer: await _lag(eye, log, waiting[consumer]) for consumer, log in logs.items()}


def show(lags: Mapping[str, Lag]) -> None:
    """Set the gauges."""
    for consumer, lag in lags.items():
        LAG_SECONDS.labels(consumer).set(lag.seconds)
        for partition, records in lag.records.items():
            LAG_RECORDS.labels(consumer, str(partition)).set(records)


def _waiting(consumer: str, log: Log, marks: Marks) -> dict[int, Span]:
    """From where to where the consumer has to go, for partitions with more than it has settled."""
    spans = {
        p: Span(max(marks.of(consumer, p), start), log.ends[p]) for p, start in log.starts.items()
    }
    return {p: span for p, span in spans.items() if span.start < span.end}


async def _lag(eye: AIOKafkaConsumer, log: Log, waiting: Mapping[int, Span]) -> Lag:
    """What ends a log may be marks of transactions, which no watermark ever passes."""
    oldest = await oldest_ms(eye, log.topic, waiting) if waiting else {}
    records = dict.fromkeys(log.ends, 0)
    records |= {p: waiting[p].end - waiting[p].start for p in oldest}
    known = [timestamp for timestamp in oldest.values() if timestamp is not None]
    seconds = max(0.0, time.time() - min(known) / 1000) if known else 0.0
    return Lag(records, seconds)


async def _log(options: KafkaOptions, topic: str) -> Log:
    starts = await start_offsets(options, topic)
    return Log(topic, starts, await end_offsets(options, topic))
