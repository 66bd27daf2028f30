"""Keeps the parts of a stack running: one crash is one restart, and everything ends in order.

| what happens                            | what the supervisor does                            |
|-----------------------------------------|-----------------------------------------------------|
| a part ends                             | starts it again, at first at once, then less often  |
| a part refuses its configuration (78)   | stops the stack with the part's own lines           |
| a part never serves, three times        | stops the stack, names the log                      |
| it cannot be prepared at its first start| stops the stack with the reason                     |
| SIGINT, SIGTERM, SIGHUP                 | ends the groups from the last to the first          |
| the same again                          | kills what is left                                  |
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from ops.blocking import in_daemon_thread
from ops.embedded.processes import exited, spawn, terminate
from ops.embedded.supervisor_part import Child
from pipeline.errors import EXIT_CONFIG, ConfigError, StoreUnavailable

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 15.0
STEADY_SECONDS = 30.0  # who ran this long starts again with the first pause
START_ATTEMPTS = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LINES = 5

Group = Sequence[Child]
Step = Callable[[], Awaitable[None]]
Say = Callable[[str], None]


async def supervise(
    stages: Sequence[tuple[Group, Step]], endings: Sequence[Group], changed: Callable[[], None]
) -> None:
    """Run a stack until a signal; then, or on an error, end all of it.

    Args:
        stages: groups to start one after the other; once a group serves, its step runs.
        endings: groups to end one after the other.
        changed: called whenever a process starts, serves or ends.

    Raises:
        ConfigError: a part, or a step, refuses; everything has been ended.
    """
    serving = asyncio.ensure_future(_serve(stages, changed))
    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        loop.add_signal_handler(each, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return
    except BaseExceptionGroup as group:
        raise _worst(group) from None
    finally:
        await _end(endings, changed)
        for each in _SIGNALS:
            loop.remove_signal_handler(each)


async def _serve(stages: Sequence[tuple[Group, Step]], changed: Callable[[], None]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for group, step in stages:
            for child in group:
                tasks.create_task(_keep(child, changed))
            for child in group:
                if not child.part.background:
                    await child.serving.wait()
            await step()


async def _keep(child: Child, changed: Callable[[], None]) -> None:
    """Start the part again and again, for ever."""
    pause, failures = FIRST_PAUSE, 0
    while True:
        started = time.monotonic()
        await _run(child, changed)
        failures += 1
        if not child.served and failures == START_ATTEMPTS:
            raise ConfigError([f"{child.part.name} does not start: see {child.part.log}"])
        if time.monotonic() - started > STEADY_SECONDS:
            pause = FIRST_PAUSE
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
        child.restarts += 1


async def _run(child: Child, changed: Callable[[], None]) -> None:
    """One life of the part, from its preparation to the end of its process."""
    part = child.part
    try:
        await in_daemon_thread(part.prepare)
    except ConfigError:
        if child.served:  # what made room for it once will do so again
            return
        raise
    log_start = part.log.stat().st_size if part.log.exists() else 0
    child.process = spawn(part.command(), part.env(), part.log, nice=part.nice)
    changed()
    async with asyncio.TaskGroup() as life:
        serving = life.create_task(_serving(child, changed))
        status = await exited(child.process)
        serving.cancel()
    child.up = False
    changed()
    if status == EXIT_CONFIG:
        raise ConfigError(_last_lines(child, log_start))


async def _serving(child: Child, changed: Callable[[], None]) -> None:
    try:
        await child.part.ready(lambda: child.alive)
    except StoreUnavailable:
        _kill([child])  # unless it has ended already, it hangs
        return
    child.up = True
    child.serving.set()
    changed()


def _last_lines(child: Child, start: int) -> list[str]:
    with child.part.log.open("rb") as log:
        log.seek(start)
        lines = log.read().decode(errors="replace").strip().splitlines()
    return [f"{child.part.name}: {line}" for line in lines[-_LINES:]] or [
        f"{child.part.name} refuses its configuration: see {child.part.log}"
    ]


async def _end(endings: Sequence[Group], changed: Callable[[], None]) -> None:
    everyone = [child for group in endings for child in group]
    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        loop.add_signal_handler(each, _kill, everyone)
    for group in endings:
        await asyncio.gather(*(asyncio.to_thread(_end_one, child) for child in group))
        changed()


def _end_one(child: Child) -> None:
    if child.process is not None:
        terminate(child.process, child.part.grace_s, child.part.stop_signal)
        child.up = False


def _kill(everyone: Sequence[Child]) -> None:
    for child in everyone:
        if child.process is not None and child.alive:
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)


def _worst(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One of the errors: all the reasons to refuse, else the first surprise."""
    errors = list(_leaves(group))
    refusals = [error for error in errors if isinstance(error, ConfigError)]
    if len(refusals) == len(errors):
        return ConfigError([reason for error in refusals for reason in error.reasons])
    return next(error for error in errors if not isinstance(error, ConfigError))


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
