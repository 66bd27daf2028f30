"""(f): how soon a published message can be found, at a steady rate.

Each message counts from the call of the producer's `send` until persist and embed have it, as a
reader with `after` would be told (`watch`). Messages come at random moments.
"""

from dataclasses import dataclass

from tests.benchmarks.publishing import publish, rate
from tests.benchmarks.report import percentile
from tests.benchmarks.talk import said_by
from tests.benchmarks.throughput import USERS, Running
from tests.benchmarks.watch import SEARCHABLE

PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Freshness:
    """At one rate; times in milliseconds."""

    per_second: float  # really sent
    count: int
    p50: float
    p95: float
    admit_p50: float
    admit_p95: float


async def freshness(running: Running, per_second: float, seconds: float, group: str) -> Freshness:
    """Publish for some seconds and see when each message was searchable."""
    count = max(20, round(per_second * seconds))
    messages = said_by(running.talk, USERS, count, group=group)
    sent = await publish(running.world.bootstrap, messages, per_second)
    await running.watch.all_seen(sent, SEARCHABLE, PATIENCE_SECONDS)
    seen = [(running.watch.seen_at(one, SEARCHABLE) or one.at) - one.at for one in sent]
    admitted = [(running.watch.admitted_at(one) or one.at) - one.at for one in sent]
    return Freshness(
        per_second=rate(sent),
        count=count,
        p50=percentile(seen, 50) * 1000,
        p95=percentile(seen, 95) * 1000,
        admit_p50=percentile(admitted, 50) * 1000,
        admit_p95=percentile(admitted, 95) * 1000,
    )
