"""The one loop: take a batch, settle each partition's records, acknowledge, measure.

| what happens                       | what the loop does                                    |
|------------------------------------|-------------------------------------------------------|
| a store is away                    | waits with capped backoff, for ever; nothing is acked |
| a record cannot be handled         | settles one at a time; the stage sets the record aside|
| going on would lose or double      | leaves the process, uncommitted (exit 70)             |
| anything unforeseen                | the same                                              |
"""

import asyncio
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NoReturn

from faust.streams import Stream
from faust.types import EventT

from pipeline.adapters.postgres.engine import sqlstate
from pipeline.errors import EXIT_FATAL, FatalError, StoreUnavailable
from pipeline.logs import wordless
from pipeline.metrics import BATCH, RETRIES, WAITING
from pipeline.stage import Record, Stage

log = logging.getLogger(__name__)

FIRST_WAIT = 0.1
LONGEST_WAIT = 5.0


async def consume(stage: Stage, stream: Stream[Any], batch: int, linger: float) -> None:
    """Settle everything the stream yields; returns only when the stream has stopped.

    Nothing is acknowledged unless it is settled, and no exception leaves the loop: Faust would
    acknowledge what failed.
    """
    events: Sequence[EventT[bytes]]  # whatever Faust's annotation says
    async for events in stream.noack_take(batch, within=linger):
        by_partition = _by_partition(events)
        BATCH.labels(stage.name).observe(len(events))
        await asyncio.gather(
            *(settle(stage, partition, records) for partition, records in by_partition.items())
        )
        for event in events:
            await stream.ack(event)


async def settle(stage: Stage, partition: int, records: list[Record]) -> None:
    """Try until the records are settled; leaves the process when that cannot be."""
    attempt: Callable[[int, list[Record]], Awaitable[None]] = stage.attempt
    wait = FIRST_WAIT
    while True:
        try:
            await attempt(partition, records)
        except StoreUnavailable as error:
            wait = await _wait(stage, wait, error)
        except FatalError as error:
            leave(f"{stage.name} partition {partition}: {error}")
        except Exception as error:  # noqa: BLE001  nothing may leave the loop
            describe = f"{type(error).__name__} ({sqlstate(error)})"
            if attempt == stage.attempt_singly:
                leave(f"{stage.name} partition {partition}: unforeseen {describe}", error)
            log.warning("%s: a record fails, settling singly: %s", stage.name, describe)
            attempt = stage.attempt_singly
        else:
            WAITING.labels(stage.name).set(0)
            return


def leave(reason: str, error: BaseException | None = None) -> NoReturn:
    """End the process now and commit nothing; the supervisor starts a fresh one.

    Stopping in an orderly way would commit what is in flight.
    """
    log.critical("leaving: %s", reason, exc_info=wordless(error) if error else None)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(EXIT_FATAL)


async def _wait(stage: Stage, wait: float, error: StoreUnavailable) -> float:
    if wait == FIRST_WAIT:
        log.warning("%s: waiting for a store: %s", stage.name, error)
    RETRIES.labels(stage.name).inc()
    WAITING.labels(stage.name).set(1)
    await asyncio.sleep(wait)
    return min(wait * 2, LONGEST_WAIT)


def _by_partition(events: Iterable[EventT[bytes]]) -> dict[int, list[Record]]:
    records: dict[int, list[Record]] = defaultdict(list)
    for event in events:
        message = event.message
        records[message.partition].append(
            Record(
                partition=message.partition,
                offset=message.offset,
                timestamp_ms=round((message.timestamp or 0) * 1000),
                key=message.key,
                value=message.value,
                headers=dict(message.headers or ()),
            )
        )
    return records
