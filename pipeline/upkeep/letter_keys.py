"""Destroying the keys of old days, so that nothing older than its time opens a dead letter."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import dead_letter_keys
from pipeline.stages.dead_letters import DAY_MS
from pipeline.topics import DEAD_LETTER_DAYS

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LetterKeys:
    """The keys that dead letters are sealed under, one a day; `now` is in seconds since 1970."""

    engine: AsyncEngine
    now: Callable[[], float] = time.time

    async def destroy_old(self) -> None:
        """Delete the keys of days that are wholly past the time that letters are kept.

        Kafka drops letters by whole segments, later, and a copy of its files not at all.

        Raises:
            StoreUnavailable: PostgreSQL is away.
        """
        today = round(self.now() * 1000) // DAY_MS
        old = dead_letter_keys.c.day < today - DEAD_LETTER_DAYS
        async with transaction(self.engine) as connection:
            gone = await connection.execute(delete(dead_letter_keys).where(old))
        if gone.rowcount:
            log.info("destroyed the dead letters' keys of %d days", gone.rowcount)
