"""What the commands among the consumers share: how they end."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

from pipeline.errors import ConfigError, TidemarkError
from pipeline.logs import configure

EXIT_FAILED = 2


def run_command(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Do the work and exit with its code, or with 2 and a line a reason: it could not be done."""
    configure("WARNING")
    try:
        sys.exit(asyncio.run(work))
    except ConfigError as error:
        print("\n".join(error.reasons), file=sys.stderr)
    except TidemarkError as error:
        print(error, file=sys.stderr)
    sys.exit(EXIT_FAILED)
