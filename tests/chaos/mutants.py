"""The protocol with one rule left out: each makes the builds of a worker that breaks it.

They patch this process only.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, TypeAlias

from faust.transport.drivers import aiokafka as driver
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline import admit_stage, app, view_stage
from pipeline.adapters.kafka import Span, log
from pipeline.adapters.kafka import producer as producing
from pipeline.adapters.postgres import engine, keyring, subjects
from pipeline.adapters.postgres.ledger import Entry, Verdict
from pipeline.consume import _by_partition, settle
from pipeline.domain.journal import Links
from pipeline.domain.sifting import Sifted, sift
from pipeline.errors import FatalError
from pipeline.worker import Build, Consumer, Resources

NOWHERE = -1

Builds: TypeAlias = Mapping[str, Build]
Mutant: TypeAlias = Callable[[Builds], Builds]


def _swap(module: Any, name: str, value: Any) -> None:
    getattr(module, name)  # what is not there was renamed, and the mutant would be harmless
    setattr(module, name, value)


# -- views ---------------------------------------------------------------------------------------
def watermark_apart(builds: Builds) -> Builds:
    """The watermark is committed apart from the effects."""
    advance = view_stage.advance_view

    async def advance_apart(connection: AsyncConnection, *arguments: Any) -> None:
        await _commit(connection)
        await advance(connection, *arguments)

    _swap(view_stage, "advance_view", advance_apart)
    return builds


def ack_first(builds: Builds) -> Builds:
    """Records are acknowledged before they are written, and Kafka alone knows where to go on."""
    if "admit" in builds:
        return builds
    locking = view_stage.lock_view

    async def consume(stage: Any, stream: Any, batch: int, linger: float) -> None:
        async for events in stream.noack_take(batch, within=linger):
            for one in events:
                await stream.ack(one)
            work = _by_partition(events).items()
            await asyncio.gather(*(settle(stage, place, records) for place, records in work))

    async def lock_anywhere(*arguments: Any) -> Any:
        return replace(await locking(*arguments), next=NOWHERE)

    def sift_over_gaps(_next: int, src_next: int, records: Sequence[Any]) -> Sifted:
        return sift(records[0][0], src_next, records)

    _swap(app, "consume", consume)
    _swap(app._WatermarkConsumer, "seek_to_committed", driver.Consumer.seek_to_committed)
    _swap(view_stage, "lock_view", lock_anywhere)
    _swap(view_stage, "sift", sift_over_gaps)
    return builds


def no_src_next(builds: Builds) -> Builds:
    """A view does not look where a record came from."""

    def sift_blindly(next_: int, src_next: int, records: Sequence[tuple[int, Links]]) -> Sifted:
        kept, dropped = list[int](), Counter[str]()
        for index, (offset, links) in enumerate(records):
            one = sift(next_, min(src_next, links.src), [(offset, links)])
            if one.gap_at is not None:
                return one
            kept += [index] if one.kept else []
            dropped.update(one.dropped)
            next_, src_next = one.next, max(src_next, one.src_next)
        return Sifted(tuple(kept), next_, src_next, dict(dropped))

    _swap(view_stage, "sift", sift_blindly)
    return builds


def no_prev(builds: Builds) -> Builds:
    """A view does not look what went before a record; harmless alone."""

    def sift_without(next_: int, src_next: int, records: Sequence[tuple[int, Links]]) -> Sifted:
        return sift(next_, src_next, [(offset, replace(k, prev=0)) for offset, k in records])

    _swap(view_stage, "sift", sift_without)
    return builds


# -- admit ---------------------------------------------------------------------------------------
def no_ledger(builds: Builds) -> Builds:
    """Admit does not remember ids."""

    async def enter(_connection: AsyncConnection, entries: Sequence[Entry]) -> list[Verdict]:
        return [Verdict.NEW for _ in entries]

    _swap(admit_stage, "enter", enter)
    return builds


def ledger_apart(builds: Builds) -> Builds:
    """The ledger is committed before anything is produced."""
    entering = admit_stage.enter

    async def enter(connection: AsyncConnection, entries: Sequence[Entry]) -> list[Verdict]:
        verdicts = await entering(connection, entries)
        await _commit(connection)
        return verdicts

    _swap(admit_stage, "enter", enter)
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
        _swap(type(stage), "attempt", _method(late, type(stage).attempt))
        return consumer

    for module in (admit_stage, subjects, keyring):
        _swap(module, "transaction", join)
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

    _swap(log, "send_closed_batch", send_at_once)
    return builds


def no_prev_pipelined(builds: Builds) -> Builds:
    """No `prev`, with several batches under way."""
    return no_prev(pipelined(builds))


def _method(late: Any, attempt: Any) -> Any:
    async def method(self: Any, *arguments: Any) -> None:
        await late(attempt.__get__(self), self)(*arguments)

    return method


async def _commit(connection: AsyncConnection) -> None:
    """End the transaction beneath SQLAlchemy's back; the next statement begins another."""
    await connection.exec_driver_sql("COMMIT")


MUTANTS: Mapping[str, Mutant] = {
    "watermark-apart": watermark_apart,
    "ack-first": ack_first,
    "no-ledger": no_ledger,
    "ledger-apart": ledger_apart,
    "keys-late": keys_late,
    "no-src-next": no_src_next,
    "no-prev-pipelined": no_prev_pipelined,
    "no-prev": no_prev,
    "pipelined": pipelined,
}

HARMLESS = frozenset({"no-prev", "pipelined"})  # alone: each guards against the other
