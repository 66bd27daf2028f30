"""Progress: rates from positions, lines where there is no terminal."""

import io

from rich.console import Console

from ops.progress import Meter, follow
from ops.status import Stage
from pipeline.errors import StoreUnavailable


def stages(published, admitted):
    return (
        Stage("published", published, published, 0),
        Stage("admitted", admitted, published, published - admitted),
    )


def plain():
    return Console(file=io.StringIO(), soft_wrap=True)


def test_a_rate_spans_the_time_of_movement_only():
    meter = Meter()
    for now, admitted in ((8.0, 0), (10.0, 0), (11.0, 40), (12.0, 100), (20.0, 100)):
        meter.look(stages(100, admitted), now)

    assert meter.rate("admitted") == 50.0
    assert meter.rate("published") == 0.0


async def test_following_ends_when_nothing_lags():
    looks = iter([stages(0, 0), stages(5, 2), stages(5, 5)])
    coming = iter([True, False, False])
    console = plain()

    async def read():
        return next(looks)

    assert await follow(read, console, seconds=30, more=lambda: next(coming))
    assert "admitted 5" in console.file.getvalue().splitlines()[-1]


async def test_following_outlasts_a_store_that_is_away():
    answers = iter([StoreUnavailable("away"), stages(5, 5)])

    async def read():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert await follow(read, plain(), seconds=30, more=lambda: False)


async def test_following_gives_up_at_its_deadline():
    async def read():
        return stages(5, 2)

    assert not await follow(read, plain(), seconds=0, more=lambda: False)


async def test_a_terminal_gets_a_table():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)

    async def read():
        return stages(1234, 1234)

    await follow(read, console, seconds=30, more=lambda: False)

    assert "per second" in console.file.getvalue()
    assert "1,234" in console.file.getvalue()
