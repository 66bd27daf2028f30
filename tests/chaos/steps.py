"""One schedule that kills every consumer at every step, and has the broker refuse a produce."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from signal import SIGKILL
from typing import TypeAlias
from uuid import uuid4

from ops.embedded.processes import exited
from pipeline.adapters.kafka import apply_topics
from pipeline.errors import EXIT_FATAL
from pipeline.topics import topic_table
from tests.chaos.feed import feeding
from tests.chaos.keeper import Keeper, keeping
from tests.chaos.traffic import BEGAN, Plan, Publication
from tests.pipeline_processes import Argv, Pipeline

WORKER = "tests.chaos.worker"
EVENTS_A_SECOND = 40
PLAN = Plan(seed=3, users=400, newcomers_every=10)

CONSUMERS = {"admit": ("admit",), "persist": ("persist", "usage"), "embed": ("embed",)}

# Where the first consumer of a process is killed, once in each life.
Kills: TypeAlias = Mapping[str, Sequence[str]]
EVERY_STEP: Kills = {
    "admit": ("decoded", "keyed", "locked", "entered", "produced", "advanced", "committed"),
    "persist": ("prepared", "locked", "handled", "advanced", "committed", "slow"),
    "embed": ("prepared", "locked", "rowed", "handled", "advanced", "committed"),
}
TELLING_STEPS: Kills = {
    "admit": ("entered", "produced"),
    "persist": ("handled", "slow"),
    "embed": ("handled",),
}
# After this many passings: the life has then made progress, and no record is suspected.
PASSING = 3
SLOW = ("locked", "LINGER")  # a store that answers late, and a kill while it does

A_SMALL_LIMIT = "8192"  # bytes that the journal takes at once
LARGE, SMALL = 20_000, 10


def worker(name: str, mutant: str | None = None, stop: str | None = None) -> Argv:
    """The module and arguments of a process of `CONSUMERS`."""
    options = [*(("--mutant", mutant) if mutant else ()), *(("--stop", stop) if stop else ())]
    return (WORKER, *options, *CONSUMERS[name])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was published, and whether everything came to rest after it."""

    published: list[Publication]
    rests: bool


async def run_steps(
    world: Pipeline, kills: Kills = EVERY_STEP, mutant: str | None = None, patience: float = 120
) -> Outcome:
    """Run the schedule, and wait for rest for up to `patience` seconds."""
    async with keeping(world) as keeper:
        async with feeding(world, PLAN, EVENTS_A_SECOND) as feed:
            await asyncio.gather(
                *(_kill_at_each(keeper, name, steps, mutant) for name, steps in kills.items())
            )
        rests = await _rests(world, patience)
        refused = await _refused_produce(keeper)
        rests = await _rests(world, patience) and rests
    return Outcome(feed.published + refused, rests)


async def _rests(world: Pipeline, patience: float) -> bool:
    with suppress(TimeoutError):
        await world.wait_settled(patience)
        return True
    return False


async def _kill_at_each(
    keeper: Keeper, name: str, steps: Sequence[str], mutant: str | None
) -> None:
    lives = [worker(name, mutant, _stop(name, step)) for step in steps]
    keeper.keep(name, lives[0])
    for times, following in enumerate([*lives[1:], worker(name, mutant)], start=1):
        keeper.modules[name] = following
        await keeper.ends(name, -SIGKILL, times)


def _stop(name: str, step: str) -> str:
    boundary, action = SLOW if step == "slow" else (step, "KILL")
    return f"{name}:{boundary}:{PASSING}:{action}"


async def _refused_produce(keeper: Keeper) -> list[Publication]:
    """Let the broker refuse a large record of admit's, with smaller ones right behind it."""
    world, plain = keeper.world, keeper.modules.pop("admit")
    await world.kill("admit")
    published = [_note(number, LARGE if number == 0 else SMALL) for number in range(20)]
    await world.publish(*(publication.event for publication in published))
    await _limit_journal(world, {"max.message.bytes": A_SMALL_LIMIT})
    world.start("admit", plain, TIDEMARK_LINGER_SECONDS="1")  # all of them in one batch
    async with asyncio.timeout(90):
        assert await exited(world.processes["admit"]) == EXIT_FATAL
    await _limit_journal(world, {})
    keeper.keep("admit", plain)
    return published


def _note(number: int, size: int) -> Publication:
    return Publication(
        {
            "type": "chat.message.sent.v1",
            "id": str(uuid4()),
            "user_id": "noted",
            "role": "tool",
            "content": "n" * size,
            "at": (BEGAN + timedelta(seconds=number)).isoformat(),
        }
    )


async def _limit_journal(world: Pipeline, configs: dict[str, str]) -> None:
    table = topic_table(world.topics, world.settings.tidemark_partitions)
    (journal,) = [spec for spec in table if spec.name == world.topics.journal]
    await apply_topics(world.kafka, [replace(journal, configs={**journal.configs, **configs})])
