"""(c) and (d): from the first publish until every stage has settled everything."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.benchmarks.memory import Memory, cpu, memory
from tests.benchmarks.publishing import publish
from tests.benchmarks.talk import Talk, said_by
from tests.benchmarks.watch import VIEWS, Watch, watching
from tests.benchmarks.world import World, world

USERS = 200
WARM_UP = 600
PATIENCE_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Throughput:
    """Of one burst. CPU in seconds by process; memory when it was over."""

    count: int
    seconds: float
    cpu: Mapping[str, float]
    memory: Mapping[str, Memory]

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.count / self.seconds


@dataclass(frozen=True, slots=True)
class Running:
    """A world at work and warm, and somebody who watches."""

    world: World
    watch: Watch
    talk: Talk


@asynccontextmanager
async def everything(talk: Talk) -> AsyncIterator[Running]:
    """All servers, workers and the API, as `tidemark up` runs them."""
    async with world() as made:
        await made.start_stack()
        async with watching(made.postgres_url) as watch:
            running = Running(made, watch, talk)
            await burst(running, WARM_UP, VIEWS, start=0)
            yield running


async def whole(running: Running, count: int) -> Throughput:
    """(c): a burst through all stages."""
    return await burst(running, count, VIEWS)


async def without_embedding(talk: Talk, count: int) -> Throughput:
    """(d): a burst through admit, persist and usage; nothing embeds."""
    async with world() as made:
        made.stop("vectors")
        await made.start_consumers("admit", "persist", "usage")
        async with watching(made.postgres_url) as watch:
            running, views = Running(made, watch, talk), ("persist", "usage")
            await burst(running, WARM_UP, views, start=0)
            return await burst(running, count, views)


async def burst(
    running: Running, count: int, views: Sequence[str], start: int = WARM_UP // USERS
) -> Throughput:
    """Publish at full speed and wait until the views have everything."""
    messages = said_by(running.talk, USERS, count, start=start)
    pids = running.world.pids()
    before = cpu(pids)
    sent = await publish(running.world.bootstrap, messages)
    end = await running.watch.all_seen(sent, views, PATIENCE_SECONDS)
    used = {name: seconds - before[name] for name, seconds in cpu(pids).items()}
    return Throughput(count, end - sent[0].at, used, memory(pids))
