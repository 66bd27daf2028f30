"""Waiting until consumers have passed a position: notifications, and the tables when in doubt.

Consumers notify in the transaction that moves their watermark (`watermarks.advance_view`). One
connection of the process listens. A notification may be missed while it is away, so whoever waits
reads the tables at the beginning, and all of them once a second.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.postgres.engine import CONNECT_SECONDS, sqlstate, transaction
from pipeline.adapters.postgres.reads.marks import ADMIT, Marks, read_marks
from pipeline.adapters.postgres.watermarks import CHANNEL
from pipeline.domain.positions import Position, merge_positions
from pipeline.errors import StoreUnavailable

log = logging.getLogger(__name__)

REREAD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Goal:
    """Positions that admit must pass, and views that must then reach the journal's end of then."""

    positions: Sequence[Position]
    views: Sequence[str]
    _ends: dict[int, int] = field(default_factory=dict)

    def missing(self, marks: Marks) -> dict[str, int]:
        """Records that each consumer still has to settle; empty when the goal is reached.

        As long as admit is behind, what it will add to the journal is not counted for the views.
        """
        behind = dict.fromkeys((ADMIT, *self.views), 0)
        for partition, offset in ((p.partition, p.offset) for p in self.positions):
            end = marks.journal_end.get(partition, 0)
            if (ahead := offset + 1 - marks.of(ADMIT, partition)) > 0:
                behind[ADMIT] += ahead
            else:
                end = self._ends.setdefault(partition, end)
            for view in self.views:
                behind[view] += max(0, end - marks.of(view, partition))
        return {consumer: count for consumer, count in behind.items() if count}


def sent_on(positions: Sequence[Position], marks: Marks) -> list[Position]:
    """Where records of these partitions went that belong to another: they are settled there."""
    partitions = {position.partition for position in positions}
    return [
        Position(home, end - 1)
        for (partition, home), end in marks.sent_on.items()
        if partition in partitions
    ]


class Waiter:
    """Lets any number of readers wait over one connection; `run` must be running meanwhile."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._marks = Marks()
        self._seen: dict[tuple[str, int], float] = {}  # when a notification last named it
        self._changed = asyncio.Event()
        self._waiting = 0

    async def wait(
        self, positions: Sequence[Position], views: Sequence[str], seconds: float
    ) -> dict[str, int]:
        """Wait until the views have reached the positions; what is missing after `seconds`.

        Raises:
            StoreUnavailable: PostgreSQL is away.
        """
        deadline = time.monotonic() + seconds
        self._waiting += 1
        try:
            await self._reread()
            if Goal(positions, ()).missing(self._marks):
                if await self._until(Goal(positions, ()), deadline):
                    return Goal(positions, views).missing(self._marks)
                await self._reread()  # notifications do not tell what was sent on
            followed = merge_positions([*positions, *sent_on(positions, self._marks)])
            return await self._until(Goal(followed, views), deadline)
        finally:
            self._waiting -= 1

    async def run(self) -> None:
        """Listen for ever, connecting again whenever the connection ends."""
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                log.info("waiting for views without notifications: %s", sqlstate(error))
            await self._reread_for_all()
            await asyncio.sleep(REREAD_SECONDS)

    async def _until(self, goal: Goal, deadline: float) -> dict[str, int]:
        """What is missing at the deadline."""
        while missing := goal.missing(self._marks):
            if not await self._change(deadline - time.monotonic()):
                return missing
        return {}

    async def _listen(self) -> None:
        async with await _connect(self._engine) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            while True:
                await self._reread_for_all()
                async for notification in connection.notifies(timeout=REREAD_SECONDS):
                    self._heard(notification.payload)

    async def _reread_for_all(self) -> None:
        if self._waiting:
            try:
                await self._reread()
            except StoreUnavailable as error:
                log.info("cannot read the watermarks now: %s", error)

    async def _reread(self) -> None:
        """Take over what the tables say, unless a notification said more since we asked."""
        asked = time.monotonic()
        async with transaction(self._engine) as connection:
            read = await read_marks(connection)
        for key, next_ in read.next.items():
            if next_ >= self._marks.of(*key) or self._seen.get(key, 0.0) < asked:
                self._marks.next[key] = next_
                if key[0] == ADMIT:
                    self._marks.journal_end[key[1]] = read.journal_end[key[1]]
        self._marks.sent_on.update(read.sent_on)
        self._tell()

    def _heard(self, payload: str) -> None:
        try:
            consumer, *numbers = payload.split(" ")
            partition, next_, journal_end = map(int, numbers)
        except ValueError:
            log.warning("a notification is not of ours")
            return
        self._marks.next[consumer, partition] = next_
        if consumer == ADMIT:
            self._marks.journal_end[partition] = journal_end
        self._seen[consumer, partition] = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _change(self, seconds: float) -> bool:
        """Whether something moved within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True


async def _connect(engine: AsyncEngine) -> psycopg.AsyncConnection[tuple[object, ...]]:
    url = make_url(engine.url).set(drivername="postgresql")
    return await psycopg.AsyncConnection.connect(
        url.render_as_string(hide_password=False),
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
