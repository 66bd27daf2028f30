"""Settling no more partitions at once than the process has connections to PostgreSQL."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.stage import Record, Stage


@dataclass(frozen=True, slots=True, eq=False)
class Limited:
    """A stage whose attempts wait for a permit; all stages of a process share the permits.

    An attempt holds one connection of the pool at a time. With no more permits than connections,
    none ever waits for a connection that another attempt holds for minutes, as while Kafka is
    away, and takes that for a database that is away.
    """

    stage: Stage
    permits: asyncio.Semaphore

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.stage.name

    @property
    def topic(self) -> str:
        """The topic it reads."""
        return self.stage.topic

    async def resume_at(self, starts: Mapping[int, int]) -> dict[int, int]:
        """See the stage."""
        return await self.stage.resume_at(starts)

    async def attempt(self, partition: int, records: Sequence[Record]) -> None:
        """See the stage."""
        async with self.permits:
            await self.stage.attempt(partition, records)

    async def attempt_singly(self, partition: int, records: Sequence[Record], /) -> None:
        """See the stage."""
        async with self.permits:
            await self.stage.attempt_singly(partition, records)
