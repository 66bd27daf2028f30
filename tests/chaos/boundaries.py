"""Adapters that stop their process between two steps of the protocol (architecture page, 2a).

| consumer | boundary  | where                                                        |
|----------|-----------|--------------------------------------------------------------|
| admit    | decoded   | records are read and validated                               |
| admit    | keyed     | first-seen users and their keys are committed                |
| admit    | locked    | the watermark row is locked                                  |
| admit    | entered   | the ledger is written, nothing is produced                   |
| admit    | produced  | the journal has acknowledged, the watermark is not written   |
| view     | prepared  | everything is encoded, no transaction is open                |
| view     | locked    | the watermark row is locked                                  |
| embed    | rowed     | the points' rows are written, the points are not             |
| view     | handled   | all effects, the points too; the watermark is not written    |
| any      | advanced  | the watermark is written, nothing is committed               |
| any      | committed | the transaction is committed, nothing is acknowledged        |
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from pipeline.stage import Record, Stage
from pipeline.worker import Build, Consumer, Resources

LINGER_SECONDS = 3.0  # long enough for Kafka to hear of what was acknowledged

LOCKED = "tidemark-test-locked"  # on a connection: its last statement took the row

_now: ContextVar[str] = ContextVar("consumer", default="")  # whose attempt this task is


@dataclass
class Stop:
    """Where the process stops itself: at the `passing`-th time that it comes there.

    `KILL` and `STOP` are the signals; `LINGER` waits for a slow store, then kills.
    """

    consumer: str
    boundary: str
    passing: int
    action: str
    _passed: Counter[str] = field(default_factory=Counter)

    def here(self, boundary: str) -> None:
        """Stop if this is the place."""
        if (_now.get(), boundary) != (self.consumer, self.boundary):
            return
        self._passed[boundary] += 1
        if self._passed[boundary] != self.passing:
            return
        if self.action == "LINGER":
            await_only(asyncio.sleep(LINGER_SECONDS))
        number = signal.SIGSTOP if self.action == "STOP" else signal.SIGKILL
        os.kill(os.getpid(), number)


def parse_stop(words: str) -> Stop:
    """Read `consumer:boundary:passing:action`."""
    consumer, boundary, passing, action = words.split(":")
    return Stop(consumer, boundary, int(passing), action)


def stopping(build: Build, stop: Stop) -> Build:
    """The consumer that `build` makes, with adapters that stop."""

    async def built(resources: Resources) -> Consumer:
        consumer = await build(resources)
        if consumer.stage.name == stop.consumer:
            _listen(resources.engine, stop)
            wrap = _wrap_admit if stop.consumer == "admit" else _wrap_view
            wrap(consumer.stage, stop)
        return replace(consumer, stage=_Stage(consumer.stage, stop))

    return built


@dataclass(frozen=True)
class _Stage:
    """A stage that says whose attempt runs, and stops when one is over."""

    inner: Stage
    stop: Stop

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def topic(self) -> str:
        return self.inner.topic

    async def resume_at(self, starts: Mapping[int, int]) -> dict[int, int]:
        return await self.inner.resume_at(starts)

    async def attempt(self, partition: int, records: Sequence[Record]) -> None:
        _now.set(self.name)
        await self.inner.attempt(partition, records)
        self.stop.here("committed")

    async def attempt_singly(self, partition: int, records: Sequence[Record]) -> None:
        _now.set(self.name)
        await self.inner.attempt_singly(partition, records)
        self.stop.here("committed")


def _listen(engine: AsyncEngine, stop: Stop) -> None:
    """Stop around the statements of the transaction that holds the watermark."""
    marks = "truth.admission" if stop.consumer == "admit" else f"{stop.consumer}.watermark"
    advancing, counting = f"UPDATE {marks} SET next=", f"UPDATE {marks} SET start"

    def before(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # The row is also locked to count a start, and nothing but the next statement tells.
        if connection.info.pop(LOCKED, False) and not statement.startswith(counting):
            stop.here("locked")
        if statement.startswith(advancing):
            stop.here("handled")

    def after(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        connection.info[LOCKED] = marks in statement and statement.endswith("FOR UPDATE")
        if statement.startswith("INSERT INTO embed.points"):
            stop.here("rowed")
        if statement.startswith(advancing):
            stop.here("advanced")

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)


def _wrap_view(stage: Any, stop: Stop) -> None:
    inner = stage.view.prepare

    async def prepare(events: Sequence[Any]) -> Any:
        prepared = await inner(events) if inner else None
        stop.here("prepared")
        return prepared

    stage.view = replace(stage.view, prepare=prepare)


def _wrap_admit(stage: Any, stop: Stop) -> None:
    stage.subjects = _Around(
        stage.subjects, stop, before={"resolve": "decoded"}, after={"sealing_keys": "keyed"}
    )
    stage.log = _Around(stage.log, stop, before={"append": "entered"}, after={"append": "produced"})


@dataclass(frozen=True)
class _Around:
    """An adapter that stops before or after some of its methods, all of them coroutines."""

    inner: Any
    stop: Stop
    before: Mapping[str, str]
    after: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if name not in self.before and name not in self.after:
            return method

        async def around(*arguments: Any) -> Any:
            if name in self.before:
                self.stop.here(self.before[name])
            result = await method(*arguments)
            if name in self.after:
                self.stop.here(self.after[name])
            return result

        return around
