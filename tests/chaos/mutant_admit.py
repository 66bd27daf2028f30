"""Admit with one rule left out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.kafka import Span, log
from pipeline.adapters.kafka import producer as producing
from pipeline.adapters.postgres import engine, keyring, subjects
from pipeline.adapters.postgres.ledger import Entry, Verdict
from pipeline.errors import FatalError
from pipeline.stages import admit
from pipeline.worker import Consumer, Resources
from tests.chaos.swapping import Builds, commit, swap


def no_ledger(builds: Builds) -> Builds:
    """Admit does not remember ids."""

    async def enter(_connection: AsyncConnection, entries: Sequence[Entry]) -> list[Verdict]:
        return [Verdict.NEW for _ in entries]

    swap(admit, "enter", enter)
    return builds


def ledger_apart(builds: Builds) -> Builds:
    """The ledger is committed before anything is produced."""
    entering = admit.enter

    async def enter(connection: AsyncConnection, entries: Sequence[Entry]) -> list[Verdict]:
        verdicts = await entering(connection, entries)
        await commit(connection)
        return verdicts

    swap(admit, "enter", enter)
    return builds


def keys_late(builds: Builds) -> Builds:
    """The keys of first-seen users are committed after the produce.

    The attempt's own transaction makes them, so whatever it reads before its end it reads there.
    """
    shared: ContextVar[AsyncConnection | None] = ContextVar("shared", default=None)
    truly = engine.transaction

    @asynccontextmanager
    async def join(given: Any, schemas: Any = None) -> AsyncIterator[AsyncConnection]:
        connection = shared.get()
        if connection is not None:
            yield connection
            return
        async with truly(given, schemas) as fresh:
            yield fresh

    def late(attempt: Callable[..., Awaitable[None]], stage: Any) -> Callable[..., Awaitable[None]]:
        async def attempted(*arguments: Any) -> None:
            stage.subjects.forget()  # what a rolled back transaction has made is not there
            stage.keyring.purge()
            async with truly(stage.engine) as connection:
                shared.set(connection)
                await attempt(*arguments)
            shared.set(None)

        return attempted

    async def build(resources: Resources) -> Consumer:
        consumer = await builds["admit"](resources)
        stage: Any = consumer.stage
        swap(type(stage), "attempt", _method(late, type(stage).attempt))
        return consumer

    for module in (admit, subjects, keyring):
        swap(module, "transaction", join)
    return {**builds, "admit": build} if "admit" in builds else builds


def pipelined(builds: Builds) -> Builds:
    """Two batches, the second sent while the first is under way; harmless alone."""

    async def send_at_once(producer: Any, topic: str, partition: int, records: Any) -> Span:
        parts = [part for part in (records[:1], records[1:]) if part]
        batches = [batch for part in parts for batch in producing._closed(producer, part)]
        sent = [await producer.send_batch(one, topic, partition=partition) for one in batches]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        if refused := [one for one in answers if isinstance(one, BaseException)]:
            raise FatalError("Kafka refused a batch") from refused[0]
        return Span(answers[0].offset, answers[0].offset + len(records))

    swap(log, "send_closed_batch", send_at_once)
    return builds


def _method(late: Any, attempt: Any) -> Any:
    async def method(self: Any, *arguments: Any) -> None:
        await late(attempt.__get__(self), self)(*arguments)

    return method
