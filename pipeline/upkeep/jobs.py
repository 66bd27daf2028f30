"""Housekeeping that belongs to a consumer: repeated, guarded, and never the end of a worker."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipeline.adapters.postgres.engine import sqlstate
from pipeline.errors import FatalError, StoreUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is called at start and then every `every` seconds."""

    name: str
    every: float
    run: Callable[[], Awaitable[None]]


async def keep_running(job: Job) -> None:
    """Run the job for ever; a failure is logged and the next turn comes.

    Raises:
        FatalError: only a fresh process may go on.
    """
    while True:
        try:
            await job.run()
        except FatalError:
            raise
        except StoreUnavailable as error:
            log.info("%s: put off: %s", job.name, error)
        except Exception as error:  # noqa: BLE001  one that escapes would end the worker
            log.error(  # noqa: TRY400  the text may hold a row
                "%s failed: %s (%s)", job.name, type(error).__name__, sqlstate(error)
            )
        await asyncio.sleep(job.every)
