"""`python -m tests.chaos.mutations`: leave out one rule after the other, and see what it costs.

Every run has the same schedule of kills; the first one is of the protocol as it is. Prints a
table; exit code 1 when a harmful mutation passes, or a harmless one does not. Takes a while.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from ops.embedded.postgres import create_database
from pipeline.adapters.postgres.migrate import upgrade
from tests.chaos.engines import Engines, running_engines
from tests.chaos.judge import Found, judge
from tests.chaos.mutants import HARMLESS, MUTANTS
from tests.chaos.steps import TELLING_STEPS, run_steps
from tests.pipeline_processes import running_pipeline

AS_DESIGNED = "as designed"
PATIENCE = 120


async def found_by_schedule(engines: Engines, folder: Path, name: str) -> list[str]:
    """What the judge and `verify` find after the schedule; nothing when all is well."""
    database = f"mutant_{name.replace('-', '_').replace(' ', '_')}"
    await create_database(engines.postgres_url, database)
    url = engines.postgres_url.rpartition("/")[0] + f"/{database}"
    await asyncio.to_thread(upgrade, url)
    mutant = None if name == AS_DESIGNED else name
    async with running_pipeline(
        folder, engines.kafka_options, url, engines.vectors_url, {}
    ) as world:
        outcome = await run_steps(world, TELLING_STEPS, mutant, PATIENCE)
        found = _in_short(await judge(world, outcome.published))
        status, printed = await world.verify()
    if not outcome.rests:
        found.append("never comes to rest")
    if status:
        found.append(f"verify {_differences(printed)}")
    return found


async def _run(names: list[str]) -> bool:
    as_expected = True
    with tempfile.TemporaryDirectory(prefix="tidemark-mutations-") as folder:
        async with running_engines(Path(folder)) as engines:
            for name in names:
                began = time.monotonic()
                world = Path(tempfile.mkdtemp(dir=folder))
                found = await found_by_schedule(engines, world, name)
                harmless = name == AS_DESIGNED or name in HARMLESS
                as_expected = as_expected and bool(found) is not harmless
                verdict = "exact" if not found else "; ".join(found)
                print(f"| {name} | {verdict} | {time.monotonic() - began:.0f} s |", flush=True)
    return as_expected


def _in_short(found: Found) -> list[str]:
    """The worst of each kind: a lost event is missing in many stores."""
    worst = Counter[str]()
    for what, count in found.items():
        where, _, kind = what.rpartition(" ")
        kind = "quarantined" if where.startswith("quarantined") else kind
        worst[kind] = max(worst[kind], count)
    return [f"{kind} {count}" for kind, count in worst.most_common()]


def _differences(printed: str) -> str:
    """What `verify` counted, or why it could not."""
    counts = re.findall(r"(\d+) differences", printed)
    return f"{sum(map(int, counts))} differences" if counts else printed.strip()[-200:]


def main() -> None:
    """Run what is named, or everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = [AS_DESIGNED, *MUTANTS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    names = parser.parse_args().names or known
    if unknown := set(names) - set(known):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    print("| left out | found | took |\n|---|---|---|", flush=True)
    sys.exit(0 if asyncio.run(_run(names)) else 1)


if __name__ == "__main__":
    main()
