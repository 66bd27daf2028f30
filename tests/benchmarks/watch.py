"""When each consumer passed which position, heard from the notifications of its transactions.

An event counts as searchable at the moment a reader who waits for it with `after` is let go: admit
has passed it, and the views have reached the journal's end of then.
"""

import asyncio
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from pipeline.adapters.postgres.watermarks import CHANNEL
from tests.benchmarks.publishing import Sent

VIEWS = ("persist", "embed", "usage")
SEARCHABLE = ("persist", "embed")  # a point is a hit once its message can be read
QUIET_SECONDS = 1.0


@dataclass(slots=True)
class Line:
    """A consumer's way through one partition; the three lists belong together."""

    nexts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)  # of the journal; admit's only
    at: list[float] = field(default_factory=list)  # perf_counter


class Watch:
    """What was heard so far."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int], Line] = defaultdict(Line)
        self._heard = asyncio.Event()

    def hear(self, payload: str) -> None:
        """Take in one notification."""
        consumer, partition, next_, end = payload.split(" ")
        line = self._lines[consumer, int(partition)]
        line.nexts.append(int(next_))
        line.ends.append(int(end))
        line.at.append(time.perf_counter())
        self._heard.set()

    async def change(self) -> None:
        """Return when something was heard, or nothing for a second; one caller at a time."""
        self._heard.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                await self._heard.wait()

    def settled(self, consumer: str) -> int:
        """Records that the consumer has settled, in all partitions, since the log's beginning."""
        return sum(line.nexts[-1] for (name, _), line in self._lines.items() if name == consumer)

    def admitted_at(self, sent: Sent) -> float | None:
        """When admit passed the event; None if it has not."""
        line = self._lines["admit", sent.partition]
        place = bisect_right(line.nexts, sent.offset)
        return line.at[place] if place < len(line.at) else None

    def seen_at(self, sent: Sent, views: Iterable[str]) -> float | None:
        """When the last of the views had the event; None if one has not."""
        admitted = self._lines["admit", sent.partition]
        place = bisect_right(admitted.nexts, sent.offset)
        if place == len(admitted.nexts):
            return None
        times = [self._reached(view, sent.partition, admitted.ends[place]) for view in views]
        return None if None in times else max(time for time in times if time is not None)

    async def all_seen(self, sent: Sequence[Sent], views: Iterable[str], seconds: float) -> float:
        """Wait until the views have every event; the moment that the last one did.

        Raises:
            TimeoutError: they do not within `seconds`.
        """
        last = {one.partition: one for one in sorted(sent, key=lambda one: one.offset)}
        views = tuple(views)
        async with asyncio.timeout(seconds):
            while None in (times := [self.seen_at(one, views) for one in last.values()]):
                await self.change()
        return max(time for time in times if time is not None)

    def _reached(self, view: str, partition: int, end: int) -> float | None:
        line = self._lines[view, partition]
        place = bisect_left(line.nexts, end)
        return line.at[place] if place < len(line.at) else None


@asynccontextmanager
async def watching(postgres_url: str) -> AsyncIterator[Watch]:
    """Listen for the length of the block."""
    watch = Watch()
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        listening = asyncio.create_task(_listen(connection, watch))
        try:
            yield watch
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _listen(connection: psycopg.AsyncConnection[object], watch: Watch) -> None:
    async for notification in connection.notifies():
        watch.hear(notification.payload)
