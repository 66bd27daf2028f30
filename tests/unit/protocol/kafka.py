"""Kafka: partition logs, idempotent producers, and a network that is late, forgetful and rude."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

R = TypeVar("R")


class Refused(Exception):  # noqa: N818 - a broker's answer, not a defect
    """The broker did not append; the client only learns that its produce failed."""


@dataclass(slots=True)
class Log(Generic[R]):
    """One partition. A record that is None is a gap: what a foreign transaction leaves."""

    records: list[R | None] = field(default_factory=list)
    start: int = 0  # records below are trimmed; the judge still sees them
    newest: dict[int, int] = field(default_factory=dict)  # producer -> sequence of its last batch

    def append(self, records: Sequence[R | None], producer: int = -1, sequence: int = 0) -> int:
        """Append one batch and return its base offset.

        A producer that the broker knows must send the next sequence; one that it does not know yet
        may start anywhere: that is how a batch can arrive without the one before it.
        """
        if producer >= 0:
            if producer in self.newest and sequence != self.newest[producer] + 1:
                raise Refused
            self.newest[producer] = sequence
        self.records.extend(records)
        return len(self.records) - len(records)

    def read(self, position: int, limit: int) -> list[tuple[int, R]]:
        """Return up to `limit` records from `position`, gaps left out, as (offset, record)."""
        found: list[tuple[int, R]] = []
        for offset in range(max(position, self.start), len(self.records)):
            record = self.records[offset]
            if record is not None:
                found.append((offset, record))
                if len(found) == limit:
                    break
        return found


@dataclass(slots=True, eq=False)
class Request:
    """Something on its way to a server. A sender that died or gave up no longer hears the end."""

    lane: Hashable
    deliver: Callable[[], int]
    answered: bool = False
    failed: bool = False
    result: int = 0


@dataclass(slots=True)
class Network:
    """Requests in flight; those of one lane (one connection) keep their order."""

    flying: list[Request] = field(default_factory=list)

    def send(self, lane: Hashable, deliver: Callable[[], int]) -> Request:
        """Put a request on its way."""
        self.flying.append(Request(lane, deliver))
        return self.flying[-1]

    def step(self, dice: Random, faults: bool) -> str:
        """Let one request land, be refused, time out (and land later all the same), or vanish."""
        if not self.flying:
            return "quiet"
        lane = dice.choice(self.flying).lane
        request = next(each for each in self.flying if each.lane == lane)
        roll = dice.random() if faults else 1.0
        if roll < 0.1 and not request.answered:
            request.answered = request.failed = True
            return "timed out"
        self.flying.remove(request)
        if roll < 0.2:
            request.answered = request.failed = True
            return "refused or lost"
        late = request.answered
        self._land(request)
        return "landed late" if late else "landed"

    @staticmethod
    def _land(request: Request) -> None:
        try:
            request.result = request.deliver()
        except Refused:
            request.failed = True
        request.answered = True


@dataclass(slots=True)
class Producer:
    """An idempotent producer: its own number, and a sequence for each partition it writes to."""

    number: int
    network: Network
    sequences: dict[int, int] = field(default_factory=dict)

    def send(self, log: Log[R], records: Sequence[R]) -> Request:
        """Send one closed batch; the answer is its base offset."""
        sequence = self.sequences.get(id(log), 0)
        self.sequences[id(log)] = sequence + 1
        return self.network.send(
            (self.number, id(log)), lambda: log.append(records, self.number, sequence)
        )
