"""`python -m tests.chaos.worker NAME…`: the real consumers, made to stop themselves or mutated."""

import argparse
import asyncio

from consumers.__main__ import CONSUMERS
from pipeline.logs import configure
from pipeline.settings import settings
from pipeline.worker import work
from tests.chaos.boundaries import parse_stop, stopping
from tests.chaos.mutants import MUTANTS


def main() -> None:
    """Run the consumers named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=CONSUMERS)
    parser.add_argument("--stop", type=parse_stop, help="consumer:boundary:passing:action")
    parser.add_argument("--mutant", choices=MUTANTS, help="leave a rule of the protocol out")
    given = parser.parse_args()
    builds = {name: CONSUMERS[name] for name in given.names}
    if given.mutant:
        builds = MUTANTS[given.mutant](builds)
    if given.stop:
        builds = {name: stopping(build, given.stop) for name, build in builds.items()}
    configure("INFO")
    asyncio.run(work(settings(), builds))


if __name__ == "__main__":
    main()
