"""Leaving a process whose Faust app has stopped working without a word."""

import asyncio
import logging
import time

import faust
from faust.types import TP

from pipeline.consume import leave
from pipeline.errors import StoreUnavailable
from pipeline.metrics import WAITING
from pipeline.stage import Stage

log = logging.getLogger(__name__)

WATCH_SECONDS = 5.0
FROZEN_SECONDS = 120.0

Looked = tuple[int, dict[TP, int]]  # records not fetched yet, and the fetch positions


async def watch(app: faust.App, stage: Stage) -> None:
    """Leave the process when the app has crashed, or does not fetch what is there to fetch.

    A fresh process always goes on. While the broker is away nothing can be said, and a stage that
    waits for a store is not frozen.
    """
    seen, since = None, time.monotonic()
    while not app.should_stop:
        await asyncio.sleep(WATCH_SECONDS)
        if app.crashed:
            leave(f"{stage.name}: the Faust app crashed")
        await _check_hints(app, stage)
        looked = await _look(app, stage)
        waiting = WAITING.labels(stage.name)._value.get() > 0  # noqa: SLF001  no reader offered
        if looked is None or not looked[0] or looked[1] != seen or waiting:
            seen, since = looked and looked[1], time.monotonic()
        elif time.monotonic() - since > FROZEN_SECONDS:
            leave(f"{stage.name}: {looked[0]} records wait and none is fetched")


async def _look(app: faust.App, stage: Stage) -> Looked | None:
    """How far fetching is behind; positions pass the markers that end transactions."""
    try:
        assigned = app.consumer.assignment()
        if not assigned:
            return 0, {}
        ends = await app.consumer.highwaters(*assigned)
        position = {tp: await app.consumer.position(tp) or 0 for tp in assigned}
    except Exception as error:  # noqa: BLE001  away or rebalancing: no sign of a frozen app
        log.debug("%s: cannot look: %s", stage.name, type(error).__name__)
        return None
    return sum(max(0, (ends.get(tp) or 0) - at) for tp, at in position.items()), position


async def _check_hints(app: faust.App, stage: Stage) -> None:
    """Leave when reading began ahead of a watermark: an idle view would never notice."""
    hints = getattr(app.consumer, "unchecked", None)
    if hints is None:
        return
    try:
        found = await stage.resume_at(dict.fromkeys((tp.partition for tp in hints), 0))
    except StoreUnavailable:
        return
    if any((hint or 0) > found[tp.partition] for tp, hint in hints.items()):
        leave(f"{stage.name}: Kafka's position is ahead of the watermark")
    setattr(app.consumer, "unchecked", None)  # noqa: B010  ours, behind Faust's type
