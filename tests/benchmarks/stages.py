"""(e): what one event costs each consumer, alone in its process over a topic that is already full.

CPU time is read when the first batch has settled and when the last has, so that starting up is
left out: user and system time of the consumer's process, without its servers. Embed runs with
vectors made beforehand, which leaves all of it but the model.
"""

import asyncio
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.benchmarks.memory import cpu_of_one
from tests.benchmarks.publishing import Sent, publish
from tests.benchmarks.talk import Talk, said_by
from tests.benchmarks.watch import Watch, watching
from tests.benchmarks.world import World, world

USERS = 200
PATIENCE_SECONDS = 600
BUDGET_US = {"admit": 250, "persist": 200, "usage": 120, "embed": 200}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a consumer: CPU microseconds an event, and its own histograms' means a batch."""

    consumer: str
    cpu_us: float
    per_second: float
    batch: float  # events a batch and partition
    prepare_ms: float
    store_ms: float


@dataclass(frozen=True, slots=True)
class Full:
    """A world whose public topic is full, and somebody who watches."""

    world: World
    watch: Watch
    sent: Sequence[Sent]
    vectors: Path  # what `remembered` needs


@asynccontextmanager
async def full_topic(talk: Talk, count: int, vectors: Path) -> AsyncIterator[Full]:
    """Servers, `count` events on the public topic, and no consumer."""
    async with world() as made, watching(made.postgres_url) as watch:
        sent = await publish(made.bootstrap, said_by(talk, USERS, count))
        yield Full(made, watch, sent, vectors)


async def costs(full: Full) -> list[Cost]:
    """One consumer after the other: the first fills the journal for the rest."""
    return [await _cost(full, consumer) for consumer in BUDGET_US]


async def settle(
    full: Full, consumer: str, *program: str, begun: Callable[[], None] = lambda: None
) -> tuple[float, float, int]:
    """Run a program until it has settled everything: seconds, CPU seconds and events of that.

    It counts from the moment that the first batch is settled, when `begun` is called. The program
    goes on running, named like the consumer.
    """
    made, total, before = full.world, len(full.sent), full.watch.settled(consumer)
    made.start(consumer, *program, METRICS_PORT=str(made.ports["metrics"]))
    await _until_settled(full, consumer, before + 1)
    begun()
    pid = made.processes[consumer].pid
    began, used, first = time.perf_counter(), cpu_of_one(pid), full.watch.settled(consumer)
    await _until_settled(full, consumer, total)
    return time.perf_counter() - began, cpu_of_one(pid) - used, total - first


def program(full: Full, consumer: str) -> tuple[str, ...]:
    """How a consumer is started; embed without its model."""
    if consumer == "embed":
        return ("-m", "tests.benchmarks.remembered", str(full.vectors))
    return ("-m", "consumers", consumer)


async def _cost(full: Full, consumer: str) -> Cost:
    seconds, used, events = await settle(full, consumer, *program(full, consumer))
    told = await asyncio.to_thread(_metrics, full.world.metrics)
    full.world.stop(consumer)
    batches = told["tidemark_store_seconds_count"]
    return Cost(
        consumer=consumer,
        cpu_us=used / max(1, events) * 1e6,
        per_second=events / seconds,
        batch=len(full.sent) / batches,
        prepare_ms=told["tidemark_prepare_seconds_sum"] / batches * 1000,
        store_ms=told["tidemark_store_seconds_sum"] / batches * 1000,
    )


async def _until_settled(full: Full, consumer: str, count: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while full.watch.settled(consumer) < count:
            full.world.require(consumer)
            await full.watch.change()


def _metrics(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url, timeout=10) as reply:
        families = text_string_to_metric_families(reply.read().decode())
        return {sample.name: sample.value for family in families for sample in family.samples}
