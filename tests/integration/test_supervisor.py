"""The supervisor with real processes: a crash is a restart, a refusal is the end."""

import os
import signal

import psutil
import pytest

from ops.embedded.supervisor import supervise
from ops.embedded.supervisor_part import child_of
from pipeline.errors import ConfigError, StoreUnavailable
from tests.integration.supervisor_support import (
    POLITE,
    SLEEP,
    logged,
    nothing,
    parts_in,
    pid,
    supervised,
)
from tests.waiting import until


@pytest.fixture
def part(tmp_path):
    return parts_in(tmp_path)


async def test_a_killed_part_is_started_again_once(part):
    child = child_of(part("one", SLEEP))

    async with supervised([[child]]):
        await until(lambda: child.up)
        first = pid(child)
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.up and pid(child) != first)

        assert child.restarts == 1
        assert child.alive

    assert not psutil.pid_exists(pid(child))


async def test_the_others_live_through_a_crash(part):
    one, other = child_of(part("one", SLEEP)), child_of(part("other", SLEEP))

    async with supervised([[one, other]]):
        await until(lambda: one.up and other.up)
        kept = pid(other)
        os.kill(pid(one), signal.SIGKILL)
        await until(lambda: one.restarts == 1 and one.up)

        assert pid(other) == kept
        assert other.restarts == 0


async def test_the_next_group_starts_when_the_one_before_serves(part, tmp_path):
    log = tmp_path / "early.log"
    early = child_of(part("early", POLITE, os.devnull, "early", ready=logged("ready")(log)))
    late = child_of(part("late", SLEEP, prepare=lambda: seen.append(early.up)))
    seen = []

    async with supervised([[early], [late]]):
        await until(lambda: late.up)

    assert seen == [True]


async def test_a_refused_configuration_ends_the_stack_with_its_lines(part):
    code = "import sys; print('API_PORT: cannot be read', file=sys.stderr); sys.exit(78)"
    fine, refusing = child_of(part("fine", SLEEP)), child_of(part("api", code))

    with pytest.raises(ConfigError) as refused:
        await supervise([([fine, refusing], nothing)], [[fine, refusing]], lambda: None)

    assert refused.value.reasons == ("api: API_PORT: cannot be read",)
    assert refusing.restarts == 0
    assert not psutil.pid_exists(pid(fine))


async def test_one_that_never_serves_ends_the_stack_and_names_its_log(part):
    async def never(alive):
        await until(lambda: not alive())
        raise StoreUnavailable("ended")

    child = child_of(part("broken", "raise SystemExit(1)", ready=never))

    with pytest.raises(ConfigError, match=r"broken does not start: see .*broken\.log"):
        await supervise([([child], nothing)], [[child]], lambda: None)


async def test_one_that_hangs_before_it_serves_is_killed_and_started_again(part):
    lives = []

    async def second_time(alive):
        lives.append(alive())
        if len(lives) == 1:
            raise StoreUnavailable("too slow")

    child = child_of(part("slow", SLEEP, ready=second_time))

    async with supervised([[child]]):
        await until(lambda: child.up)

        assert child.restarts == 1


async def test_what_cannot_be_prepared_ends_the_stack_with_the_reason(part):
    def refuse():
        raise ConfigError(["port 5432 is taken"])

    fine, refused = child_of(part("fine", SLEEP)), child_of(part("engine", SLEEP, prepare=refuse))

    with pytest.raises(ConfigError, match="port 5432 is taken"):
        await supervise([([fine, refused], nothing)], [[fine, refused]], lambda: None)

    assert fine.process is None or not psutil.pid_exists(pid(fine))


async def test_a_step_that_fails_ends_the_stack(part):
    async def step():
        raise StoreUnavailable("Kafka: away")

    child = child_of(part("one", SLEEP))

    with pytest.raises(StoreUnavailable, match="Kafka: away"):
        await supervise([([child], step)], [[child]], lambda: None)

    assert not psutil.pid_exists(pid(child))


async def test_every_change_is_told(part):
    child = child_of(part("one", SLEEP))
    told = []

    def changed():
        told.append((child.alive, child.up))

    async with supervised([[child]], changed=changed):
        await until(lambda: child.up)
        os.kill(pid(child), signal.SIGKILL)
        await until(lambda: child.restarts == 1 and child.up)

    assert told[:3] == [(True, False), (True, True), (False, False)]
    assert told[-1] == (False, False)
