"""Where the CPU time of (e) goes: each consumer again, under the sampling profiler of `sampled`."""

import json
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.benchmarks.publishing import publish
from tests.benchmarks.stages import BUDGET_US, USERS, Full, settle
from tests.benchmarks.talk import Talk, said_by


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of a consumer's ticks, 0 to 1."""

    areas: Mapping[str, float]
    functions: Mapping[str, float]  # the innermost one of this repository


async def profiles(full: Full, talk: Talk, count: int) -> dict[str, Profile]:
    """Fill the topic anew and run one consumer after the other."""
    said = said_by(talk, USERS, count, start=-(-len(full.sent) // USERS))
    more = await publish(full.world.bootstrap, said)
    fuller = replace(full, sent=[*full.sent, *more])
    return {consumer: await _profile(fuller, consumer) for consumer in BUDGET_US}


async def _profile(full: Full, consumer: str) -> Profile:
    made = full.world
    out = made.folder / f"{consumer}.json"
    vectors = [str(full.vectors)] if consumer == "embed" else []

    def begin() -> None:
        made.processes[consumer].send_signal(signal.SIGUSR1)

    program = ("-m", "tests.benchmarks.sampled", str(out), consumer, *vectors)
    await settle(full, consumer, *program, begun=begin)
    made.stop(consumer)
    counts = json.loads(out.read_text())
    return Profile(_shares(counts["areas"]), _shares(counts["functions"]))


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: ticks / total for name, ticks in Counter(counts).most_common()}
