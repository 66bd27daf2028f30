"""A supervisor: whatever ends is started again, as often as it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.pipeline_processes import Argv, Pipeline
from tests.waiting import until

LOOK_SECONDS = 0.05


@dataclass
class Keeper:
    """What is kept running under which name, and how its lives ended."""

    world: Pipeline
    modules: dict[str, Argv] = field(default_factory=dict)
    exits: list[tuple[str, int]] = field(default_factory=list)

    def keep(self, name: str, module: Argv) -> None:
        """Start a process; its next life begins with the module that is then kept."""
        self.modules[name] = module
        self.world.start(name, module)

    async def ends(self, name: str, status: int, times: int = 1, seconds: float = 90) -> None:
        """Wait until lives of this name have ended like this so often, since the start."""
        try:
            await until(lambda: self.exits.count((name, status)) >= times, seconds)
        except TimeoutError as error:
            error.add_note(f"{name} should have ended with {status}; ends: {self.exits}")
            error.add_note(self.world.tails())
            raise

    async def _watch(self) -> None:
        while True:
            for name, module in list(self.modules.items()):
                status = self.world.processes[name].poll()
                if status is not None:
                    self.exits.append((name, status))
                    self.world.start(name, module)
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def keeping(world: Pipeline) -> AsyncIterator[Keeper]:
    """Keep processes running during the block."""
    keeper = Keeper(world)
    task = asyncio.create_task(keeper._watch())
    try:
        yield keeper
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
