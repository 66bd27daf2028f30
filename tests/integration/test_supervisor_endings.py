"""How a stack ends: in order, in time, and whole."""

import os
import signal

import pytest

from ops.embedded.supervisor_part import child_of
from tests.integration.supervisor_support import POLITE, STUBBORN, logged, parts_in, supervised
from tests.waiting import until


@pytest.fixture
def part(tmp_path):
    return parts_in(tmp_path)


async def test_groups_end_in_the_order_asked_for(part, tmp_path):
    ended = tmp_path / "ended"
    children = [
        child_of(
            part(name, POLITE, str(ended), name, ready=logged("ready")(tmp_path / f"{name}.log"))
        )
        for name in ("engine", "api", "worker")
    ]
    engine, api, worker = children

    async with supervised([[engine], [api, worker]], endings=[[worker], [api], [engine]]):
        await until(lambda: all(child.up for child in children))

    assert ended.read_text().split() == ["worker", "api", "engine"]


async def test_one_that_does_not_end_is_killed_after_its_grace(part, tmp_path):
    log = tmp_path / "deaf.log"
    child = child_of(part("deaf", STUBBORN, grace_s=0.2, ready=logged("deaf")(log)))

    async with supervised([[child]]):
        await until(lambda: child.up)

    assert child.process.returncode == -signal.SIGKILL


async def test_a_second_signal_does_not_wait(part, tmp_path):
    log = tmp_path / "deaf.log"
    child = child_of(part("deaf", STUBBORN, grace_s=600, ready=logged("deaf")(log)))

    async with supervised([[child]]) as running:
        await until(lambda: child.up)

        async def impatient():
            if not running.done():
                os.kill(os.getpid(), signal.SIGINT)
            return running.done()

        await until(impatient)

    assert child.process.returncode == -signal.SIGKILL
