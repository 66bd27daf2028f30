"""(g): how long the API takes to answer with a context, from stores that hold 120,000 messages.

The stores are filled by the real consumers, embed with vectors that the model made beforehand;
then everything runs as it is, and every question is encoded and looked for by the live API.
"""

import asyncio
import http.client
import json
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from urllib.parse import quote, urlencode

from tests.benchmarks.memory import Memory, memory
from tests.benchmarks.publishing import publish
from tests.benchmarks.report import percentile
from tests.benchmarks.talk import Message, Talk, said_by, talking
from tests.benchmarks.watch import VIEWS, watching
from tests.benchmarks.world import World, world

PATIENCE_SECONDS = 1800
WARM_UP = 20
LONGEST_QUESTION = 200


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is to remember, and how often it is asked for."""

    of_one: int
    users: int
    of_many: int
    questions: int


@dataclass(frozen=True, slots=True)
class Answers:
    """Milliseconds."""

    whom: str
    load: str
    p50: float
    p95: float
    slowest: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """A world whose stores are full, with everything running."""

    world: World
    talk: Talk
    sizes: Sizes

    def memory(self) -> dict[str, Memory]:
        """What every process holds."""
        return memory(self.world.pids())


@asynccontextmanager
async def loaded(talk: Talk, sizes: Sizes, vectors: Path) -> AsyncIterator[Loaded]:
    """Fill the stores, then start what is live."""
    async with world() as made:
        await made.start_consumers("admit", "persist", "usage")
        made.start("embed", "-m", "tests.benchmarks.remembered", str(vectors))
        async with watching(made.postgres_url) as watch:
            sent = await publish(made.bootstrap, _memories(talk, sizes))
            await watch.all_seen(sent, VIEWS, PATIENCE_SECONDS)
        made.stop("consumers", "embed")
        await made.start_stack()
        yield Loaded(made, talk, sizes)


async def answers(full: Loaded, half_rate: float) -> list[Answers]:
    """One user and many, idle and while messages come at a rate."""
    one, many = ["one-0000"], [f"many-{i:04d}" for i in range(full.sizes.users)]
    asked = {f"one user, {full.sizes.of_one:,} messages": one}
    asked[f"{full.sizes.users:,} users, {full.sizes.of_many:,} messages"] = many
    found = [await _ask(full, whom, users, "idle") for whom, users in asked.items()]
    stop = asyncio.Event()
    talking_on = asyncio.create_task(
        publish(full.world.bootstrap, _more(full, stop), per_second=half_rate)
    )
    found += [await _ask(full, whom, users, "half load") for whom, users in asked.items()]
    stop.set()
    await talking_on
    return found


def _memories(talk: Talk, sizes: Sizes) -> list[Message]:
    """The one user's messages among everybody's, so that no partition is idle for long."""
    one = said_by(talk, 1, sizes.of_one, group="one")
    many = said_by(talk, sizes.users, sizes.of_many, group="many")
    placed = [(i / len(said), message) for said in (one, many) for i, message in enumerate(said)]
    return [message for _, message in sorted(placed, key=itemgetter(0))]


def _more(full: Loaded, stop: asyncio.Event) -> Iterator[Message]:
    """The many go on talking."""
    users, said = full.sizes.users, full.sizes.of_many // full.sizes.users
    for message in talking(full.talk, users, group="many", start=said):
        if stop.is_set():
            return
        yield message


async def _ask(full: Loaded, whom: str, users: Sequence[str], load: str) -> Answers:
    chance = random.Random(f"{whom} {load}")
    asked = [
        (chance.choice(users), chance.choice(full.talk.texts)[:LONGEST_QUESTION])
        for _ in range(WARM_UP + full.sizes.questions)
    ]
    times = (await asyncio.to_thread(_questions, full.world.api, asked))[WARM_UP:]
    return Answers(whom, load, percentile(times, 50), percentile(times, 95), max(times))


def _questions(address: str, asked: Sequence[tuple[str, str]]) -> list[float]:
    """Ask one after the other over one connection; milliseconds each.

    Raises:
        RuntimeError: an answer is an error or holds nothing relevant.
    """
    connection = http.client.HTTPConnection(address, timeout=60)
    times = []
    for user, question in asked:
        began = time.perf_counter()
        connection.request("GET", f"/memory/context/{quote(user)}?{urlencode({'query': question})}")
        reply = connection.getresponse()
        body = reply.read()
        times.append((time.perf_counter() - began) * 1000)
        if reply.status != 200 or not json.loads(body)["relevant"]:
            raise RuntimeError(f"no context, but {reply.status}: {body[:300]!r}")
    connection.close()
    return times
