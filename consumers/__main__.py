"""`python -m consumers NAME…`: run consumers in this process until SIGTERM."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Mapping

from consumers import admit, embed, persist, usage
from pipeline.errors import EXIT_CONFIG, ConfigError
from pipeline.logs import configure
from pipeline.settings import settings
from pipeline.worker import Build, view_build, work

CONSUMERS: Mapping[str, Build] = {
    "admit": admit.build,
    "persist": view_build(persist.VIEW),
    "embed": embed.build,
    "usage": view_build(usage.VIEW),
}


def main() -> None:
    """Run the consumers named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m consumers", description=__doc__)
    parser.add_argument("names", nargs="+", choices=CONSUMERS, metavar="NAME")
    names = dict.fromkeys(parser.parse_args().names)
    try:
        configured = settings()
        configure(configured.tidemark_log_level)
        asyncio.run(work(configured, {name: CONSUMERS[name] for name in names}))
    except ConfigError as error:
        for reason in error.reasons:
            print(reason, file=sys.stderr)
        logging.shutdown()
        sys.exit(EXIT_CONFIG)


if __name__ == "__main__":
    main()
