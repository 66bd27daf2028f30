"""One schedule that suspends workers between two steps until others have taken their place."""

import asyncio
from signal import SIGCONT, SIGTERM

import psutil

from tests.chaos.feed import feeding
from tests.chaos.keeper import keeping
from tests.chaos.recovery import CONSUMERS as VIEWS_AND_ADMIT
from tests.chaos.recovery import Recoveries
from tests.chaos.steps import CONSUMERS, EVENTS_A_SECOND, worker
from tests.chaos.traffic import Plan, Publication
from tests.pipeline_processes import Pipeline
from tests.waiting import until

PLAN = Plan(seed=5, users=400, newcomers_every=10)
# No more of a consumer than half of its partitions.
SUSPENDED = {
    "admit": ("keyed", "entered", "produced"),
    "persist": ("locked", "handled", "committed"),
    "embed": ("rowed", "handled"),
}


async def run_suspensions(world: Pipeline) -> tuple[list[Publication], Recoveries]:
    """Suspend workers everywhere at once, replace them, resume them, and let them stop."""
    recoveries = Recoveries(world)
    async with keeping(world) as keeper, feeding(world, PLAN, EVENTS_A_SECOND) as feed:
        for name in CONSUMERS:
            keeper.keep(name, worker(name))
        victims = [
            _start_victim(world, name, boundary)
            for name, boundaries in SUSPENDED.items()
            for boundary in boundaries
        ]
        await until(lambda: all(_suspended(world, victim) for victim in victims), 180)
        await recoveries.of("workers", "suspended", VIEWS_AND_ADMIT, all_partitions=True)
        for victim in victims:
            await world.kill(victim, SIGCONT)
        await recoveries.of("workers", "resumed", VIEWS_AND_ADMIT, all_partitions=True)
        # A stop waits for what is in flight: what they were about to do has then been done.
        ends = await asyncio.gather(*(world.kill(victim, SIGTERM) for victim in victims))
        assert ends == [0] * len(victims)
    await world.wait_settled()
    return feed.published, recoveries


def _start_victim(world: Pipeline, name: str, boundary: str) -> str:
    victim = f"{name}-{boundary}"
    world.start(victim, worker(name, stop=f"{name}:{boundary}:1:STOP"))
    return victim


def _suspended(world: Pipeline, victim: str) -> bool:
    return psutil.Process(world.processes[victim].pid).status() == psutil.STATUS_STOPPED
