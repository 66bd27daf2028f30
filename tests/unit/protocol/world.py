"""The engines together, and the ways of waiting that all actors share.

An actor is a generator. It yields at each step boundary, and each yield is a place where it may be
killed, or suspended for as long as it takes everybody else to go on without it.
"""

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random

from .kafka import Log, Network, Request
from .postgres import Database, Row, StoreAway, Transaction
from .qdrant import Vectors
from .rules import Rules
from .traffic import DeadLetter, Event, Sealed

PARTITIONS = 2
IDLE = "nothing to do"
Steps = Generator[str, None, None]
Group = tuple[str, int]  # a consumer group and a partition


class ProcessEnds(Exception):  # noqa: N818 - an exit, not a defect
    """The process exits; its supervisor starts a new one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A row of truth.subjects: where admit first saw the user, and the user's key."""

    home: int
    key: int


@dataclass(frozen=True, slots=True)
class Admission:
    """Admit's watermark row of one partition."""

    next: int = 0
    prev: int = 0  # 1 + the last accepted source offset
    journal_end: int = 0
    forwarded: tuple[int, ...] = (0,) * PARTITIONS  # end of what was re-published to each home


@dataclass(frozen=True, slots=True)
class Mark:
    """A view's watermark row of one partition."""

    next: int = 0
    src_next: int = 0
    boots: int = 0  # embed only: the boot of the vector store up to which points were repaired


NOTHING_ADMITTED = Admission()
NOTHING_HANDLED = Mark()


@dataclass(slots=True)
class World:
    """Everything that survives the death of a process."""

    rules: Rules
    dice: Random
    database: Database
    network: Network = field(default_factory=Network)
    source: list[Log[Event]] = field(default_factory=lambda: [Log() for _ in range(PARTITIONS)])
    journal: list[Log[Sealed]] = field(default_factory=lambda: [Log() for _ in range(PARTITIONS)])
    dead: Log[DeadLetter] = field(default_factory=Log)
    vectors: Vectors = field(default_factory=Vectors)
    hints: dict[Group, int] = field(default_factory=dict)  # Kafka's committed offsets
    fetched: dict[Group, int] = field(default_factory=dict)  # what Faust has handed out
    published: list[tuple[int, int, Event]] = field(default_factory=list)  # partition, offset
    violations: Counter[str] = field(default_factory=Counter)  # seen while running
    seen: Counter[str] = field(default_factory=Counter)  # what this schedule exercised

    def admission(self, partition: int) -> Admission:
        """Return admit's committed watermark."""
        found: Admission = self.database.rows.get(admission_row(partition), NOTHING_ADMITTED)
        return found

    def mark(self, view: str, partition: int) -> Mark:
        """Return a view's committed watermark."""
        found: Mark = self.database.rows.get(mark_row(view, partition), NOTHING_HANDLED)
        return found

    def subject(self, user: str) -> Subject | None:
        """Return a user's committed home and key."""
        return self.database.rows.get(("subject", user))


def admission_row(partition: int) -> Row:
    """Name admit's watermark row."""
    return ("admission", partition)


def mark_row(view: str, partition: int) -> Row:
    """Name a view's watermark row."""
    return ("mark", view, partition)


def locked(world: World, transaction: Transaction, row: Row) -> Steps:
    """Wait for a row lock; out of patience, terminate whoever holds it, alive or not."""
    while not transaction.try_lock(row):
        if world.dice.random() < 0.05:
            world.seen["blockers terminated"] += 1
            world.database.end(world.database.locks[row])
        else:
            yield "waits for the lock"


def answer(request: Request) -> Generator[str, None, int]:
    """Wait for a server's answer; raises StoreAway if it failed or never came."""
    while not request.answered:
        yield "waits for an answer"
    if request.failed:
        raise StoreAway
    return request.result


def until_stored(world: World, life: int, attempt: Callable[[], Steps]) -> Steps:
    """Store away: roll back, wait outside, and start again at the lock, for ever."""
    while True:
        try:
            yield from attempt()
        except StoreAway:
            world.database.end_all_of(life)
            yield "store away: waits outside"
        else:
            return
