"""`python -m tests.benchmarks`: measure, and print one table with the details behind it.

Figures of a busy machine mean little: compare the ratios, which are taken within one run.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.contexts import Sizes, answers, loaded
from tests.benchmarks.encoding import alone, race, remember_all
from tests.benchmarks.freshness import freshness
from tests.benchmarks.machine import description, has_amx
from tests.benchmarks.profile import profiles
from tests.benchmarks.stages import costs, full_topic
from tests.benchmarks.summary import Results
from tests.benchmarks.summary import report as summarised
from tests.benchmarks.talk import VARIABLE, Talk, find_talk
from tests.benchmarks.throughput import everything, whole, without_embedding
from tests.benchmarks.world import stay_on_two_cores

LETTERS = "abcdefghp"
NEEDS = {"b": "a", "c": "ab", "f": "abc", "g": "abc", "h": "abc", "p": "e"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, and how much of it."""

    wanted: frozenset[str]
    texts: int
    rounds: int
    messages: int
    fresh_seconds: float
    sizes: Sizes


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan that the command line asks for, with what each part needs of others."""
    asked = set(options.only.replace(",", "")) if options.only else set(LETTERS)
    if unknown := asked - set(LETTERS):
        raise SystemExit(f"there is no part {', '.join(sorted(unknown))}: choose from {LETTERS}")
    wanted = frozenset(asked.union(*(NEEDS.get(letter, "") for letter in asked)))
    if options.quick:
        return Plan(wanted, 200, 1, options.messages or 300, 4, Sizes(400, 20, 800, 20))
    sizes = Sizes(20_000, 1000, 100_000, 300)
    return Plan(wanted, 2000, 3, options.messages or 6000, 20, sizes)


async def measure(plan: Plan, talk: Talk) -> Results:
    """Everything that is wanted, one part after the other."""
    found = Results()
    with tempfile.TemporaryDirectory(prefix="tidemark-bench-") as folder:
        vectors = Path(folder) / "vectors.npz"
        if plan.wanted & set("ab"):
            async with part("a, b: the encoders"):
                found.encoding = await race(talk.texts[: plan.texts], plan.rounds)
        if plan.wanted & set("cfh"):
            await live(plan, talk, found)
        if "d" in plan.wanted:
            async with part("d: without embedding"):
                found.light = await without_embedding(talk, 2 * plan.messages)
        if plan.wanted & set("eg"):
            async with part("vectors for e and g"):
                await remember_all(vectors, talk.texts)
        if "e" in plan.wanted:
            await apart(plan, talk, found, vectors)
        if "g" in plan.wanted:
            await remembering(plan, talk, found, vectors)
    return found


async def live(plan: Plan, talk: Talk, found: Results) -> None:
    """(c), (f) and, unless (g) follows, (h): one stack."""
    async with everything(talk) as running:
        async with part("c: everything"):
            found.whole = await whole(running, plan.messages)
        found.memory = found.whole.memory
        found.memory_when = f"after {plan.messages:,} messages"
        if "f" in plan.wanted:
            most, seconds = found.whole.per_second, plan.fresh_seconds
            async with part("f: freshness"):
                tenth = await freshness(running, most / 10, seconds, "tenth")
                half = await freshness(running, most / 2, seconds, "half")
            found.fresh = [("a tenth of c", tenth), ("half of c", half)]
    async with part("b again"):
        found.encoder_after = await alone(talk.texts[: plan.texts], plan.rounds)


async def apart(plan: Plan, talk: Talk, found: Results, vectors: Path) -> None:
    """(e) and the profile: one consumer at a time."""
    async with full_topic(talk, 2 * plan.messages, vectors) as full:
        async with part("e: each consumer alone"):
            found.costs = await costs(full)
        if "p" in plan.wanted:
            async with part("p: the profile"):
                found.profiles = await profiles(full, talk, 2 * plan.messages)


async def remembering(plan: Plan, talk: Talk, found: Results, vectors: Path) -> None:
    """(g), and (h) with all that is stored by then."""
    assert found.whole is not None
    async with part("g: contexts"), loaded(talk, plan.sizes, vectors) as full:
        found.answers = await answers(full, found.whole.per_second / 2)
        found.memory = full.memory()
        stored = plan.sizes.of_one + plan.sizes.of_many
        found.memory_when = f"with {stored:,} messages stored"


@contextlib.asynccontextmanager
async def part(name: str) -> AsyncIterator[None]:
    """Say what is being done, and how long it took."""
    began = time.monotonic()
    print(f"{name} …", flush=True)
    yield
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)


async def run(plan: Plan, talk: Talk) -> Results:
    """Measure; SIGTERM ends it as Ctrl-C does, with nothing left behind."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await measure(plan, talk)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", help=f"letters of parts, of {LETTERS}, such as c,e; p: profile")
    parser.add_argument("--messages", type=int, help="how many in (c); twice as many in (d), (e)")
    parser.add_argument("--quick", action="store_true", help="a few of everything: does it run?")
    parser.add_argument("--write", action="store_true", help=f"keep it in {report.PAGE.name}")
    parser.epilog = f"{VARIABLE} may name a JSON or JSONL file of conversations to use."
    options = parser.parse_args()
    stay_on_two_cores()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every refused connection
    plan, talk = plan_of(options), find_talk()
    machine = description(talk.source)
    found = asyncio.run(run(plan, talk))
    measured = f"{machine}\n\n{report.rendered(summarised(found, amx=has_amx()))}"
    print(f"\n{measured}")
    if options.write:
        report.write(measured)


if __name__ == "__main__":
    main()
