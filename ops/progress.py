"""The stages' progress, live on a terminal and in plain lines elsewhere."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ops.status import Stage
from pipeline.errors import StoreUnavailable

_POLL_SECONDS = 0.3
_LINE_SECONDS = 2.0

Read = Callable[[], Awaitable[Sequence[Stage]]]
Draw = Callable[[Sequence[Stage], "Meter", bool], None]


@dataclass(slots=True)
class Meter:
    """How fast the stages move, from where they stood last to their latest movement."""

    _first: dict[str, tuple[float, int]] = field(default_factory=dict)
    _last: dict[str, tuple[float, int]] = field(default_factory=dict)

    def look(self, stages: Sequence[Stage], now: float) -> None:
        """Take the positions at a moment, in seconds of any clock."""
        for stage in stages:
            seen = now, stage.position
            if stage.position == self._first.get(stage.name, seen)[1]:
                self._first[stage.name] = seen
            if stage.position != self._last.get(stage.name, (now, -1))[1]:
                self._last[stage.name] = seen

    def rate(self, name: str) -> float:
        """Records a second."""
        (began, first), (ended, last) = self._first[name], self._last[name]
        return (last - first) / (ended - began) if ended > began else 0.0


async def follow(read: Read, console: Console, *, seconds: float, more: Callable[[], bool]) -> bool:
    """Show the stages until none lags and no more is to come; False if `seconds` do not suffice.

    A store that is away for a moment is waited for.
    """
    meter, deadline = Meter(), time.monotonic() + seconds
    with _live(console) if console.is_terminal else _lines(console) as draw:
        while True:
            coming = more()  # before the look: what comes later is then still seen
            stages = await _looked(read)
            if stages:
                meter.look(stages, time.monotonic())
                done = not coming and not any(stage.lag for stage in stages)
                draw(stages, meter, done)
                if done:
                    return True
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)


def table(stages: Sequence[Stage], meter: Meter | None = None) -> Table:
    """The stages as a table, with their rates where they were measured."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("stage")
    for heading in ("records", "per second", "lag") if meter else ("records", "lag"):
        drawn.add_column(heading, justify="right")
    for stage in stages:
        rate = [f"{meter.rate(stage.name):,.0f}"] if meter else []
        drawn.add_row(stage.name, f"{stage.position:,}", *rate, f"{stage.lag:,}")
    return drawn


async def _looked(read: Read) -> Sequence[Stage]:
    try:
        return await read()
    except StoreUnavailable:
        return ()


@contextmanager
def _live(console: Console) -> Iterator[Draw]:
    with Live(console=console, auto_refresh=False) as live:
        yield lambda stages, meter, _: live.update(table(stages, meter), refresh=True)


@contextmanager
def _lines(console: Console) -> Iterator[Draw]:
    printed: list[tuple[float, Sequence[Stage]]] = [(0.0, ())]

    def draw(stages: Sequence[Stage], meter: Meter, done: bool) -> None:
        now, (at, before) = time.monotonic(), printed[-1]
        moving = stages != before and any(stage.position for stage in stages)
        if done or (moving and now - at > _LINE_SECONDS):
            console.print(_line(stages, meter), highlight=False, soft_wrap=True)
            printed[:] = [(now, stages)]

    yield draw


def _line(stages: Sequence[Stage], meter: Meter) -> str:
    return ", ".join(
        f"{stage.name} {stage.position:,} ({meter.rate(stage.name):,.0f}/s, lag {stage.lag:,})"
        for stage in stages
    )
