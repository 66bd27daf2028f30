"""Views with one rule left out."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from faust.transport.drivers import aiokafka as driver
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline import app
from pipeline.consume import _by_partition, settle
from pipeline.domain.journal import Links
from pipeline.domain.sifting import Sifted, sift
from pipeline.stages import view_stage
from tests.chaos.swapping import Builds, commit, swap

NOWHERE = -1


def watermark_apart(builds: Builds) -> Builds:
    """The watermark is committed apart from the effects."""
    advance = view_stage.advance_view

    async def advance_apart(connection: AsyncConnection, *arguments: Any) -> None:
        await commit(connection)
        await advance(connection, *arguments)

    swap(view_stage, "advance_view", advance_apart)
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

    swap(app, "consume", consume)
    swap(app._WatermarkConsumer, "seek_to_committed", driver.Consumer.seek_to_committed)
    swap(view_stage, "lock_view", lock_anywhere)
    swap(view_stage, "sift", sift_over_gaps)
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

    swap(view_stage, "sift", sift_blindly)
    return builds


def no_prev(builds: Builds) -> Builds:
    """A view does not look what went before a record; harmless alone."""

    def sift_without(next_: int, src_next: int, records: Sequence[tuple[int, Links]]) -> Sifted:
        return sift(next_, src_next, [(offset, replace(k, prev=0)) for offset, k in records])

    swap(view_stage, "sift", sift_without)
    return builds
