"""What the loop knows of a consumer: records in, one attempt at their effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record as bytes. `timestamp_ms` is the broker's, or the source record's."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


class Stage(Protocol):
    """One consumer's work. Calls for one partition never overlap."""

    @property
    def name(self) -> str:
        """The consumer's name, which is also its metrics label."""
        ...

    @property
    def topic(self) -> str:
        """The topic it reads."""
        ...

    async def resume_at(self, starts: Mapping[int, int]) -> dict[int, int]:
        """Where to read on, for the partitions just assigned; `starts` are the logs' starts.

        Raises:
            StoreUnavailable: the watermarks cannot be read now.
            FatalError: records that were never settled are gone from the log.
        """
        ...

    async def attempt(self, partition: int, records: Sequence[Record]) -> None:
        """Settle the records, effects and watermark together, or change nothing.

        Raises:
            StoreUnavailable: try the same again later.
            FatalError: going on would lose or double.
            Exception: a record's own fault; `attempt_singly` finds and sets it aside.
        """
        ...

    async def attempt_singly(self, partition: int, records: Sequence[Record], /) -> None:
        """Settle the records one at a time, setting aside those that keep failing."""
        ...
