"""Runs a stack from its start to its end, and tells about it in lines."""

import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path

from ops.embedded.stack import Stack, plan, taken_over
from ops.embedded.stack_setup import make_keys, set_up
from ops.embedded.state import write_state
from ops.embedded.supervisor import supervise
from ops.embedded.supervisor_part import Child
from pipeline.settings import Settings

Say = Callable[[str], None]


async def run_stack(
    given: Settings, say: Say, when_ready: Callable[[Stack], Awaitable[None]]
) -> None:
    """Start everything, call `when_ready`, and stay until a signal.

    Raises:
        ConfigError: the directory, a port, a part or the set-up refuses; nothing is left running.
        StoreUnavailable: one of the user's own engines does not answer.
    """
    began = time.monotonic()
    with taken_over(given.data_dir) as home:
        stack = plan(given, home)
        rotate(child.part.log for child in stack.processes)
        if made := make_keys(given.model_copy(update={"data_dir": home.root})):
            say(f"made a key file, {made}: without it nothing stored here can be read again")
        board = _Board(stack, say)
        board.changed()

        async def finish() -> None:
            board.ready = True
            board.changed()
            say(f"the API answers after {time.monotonic() - began:.1f} s")
            await when_ready(stack)

        await supervise(
            stages=[
                (stack.engines, partial(set_up, stack, say)),
                ((*stack.workers, stack.api), finish),
            ],
            endings=[stack.workers, [stack.api], stack.engines],
            changed=board.changed,
        )


class _Board:
    """Writes the state file at each change, and says what an onlooker wants to know."""

    def __init__(self, stack: Stack, say: Say) -> None:
        self._stack, self._say = stack, say
        self._told: set[str] = set()
        self._restarts = dict.fromkeys((child.part.name for child in stack.processes), 0)
        self.ready = False

    def changed(self) -> None:
        """To be called whenever a process starts, serves or ends."""
        write_state(self._stack.home, self._stack.state(ready=self.ready))
        for child in self._stack.processes:
            self._tell(child)

    def _tell(self, child: Child) -> None:
        name = child.part.name
        if child.up and name not in self._told:
            self._told.add(name)
            self._say(f"{name} is up")
        if child.restarts > self._restarts[name]:
            self._restarts[name] = child.restarts
            self._say(f"{name} ended and was started again; its log: {child.part.log}")


def rotate(logs: Iterable[Path]) -> None:
    """Put the logs of the last start aside, and those before it away."""
    for log in logs:
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
