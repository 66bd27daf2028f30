"""The loop of every view, and `persist`: the view whose effects double when they are repeated."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from .postgres import Transaction
from .rules import Rules
from .traffic import Sealed
from .world import (
    IDLE,
    NOTHING_HANDLED,
    Mark,
    ProcessEnds,
    Steps,
    World,
    locked,
    mark_row,
    until_stored,
)

Batch = list[tuple[int, Sealed]]
Handle = Callable[[World, Transaction, int, list[Sealed]], Steps]
Tend = Callable[[World, int, int], Steps]


@dataclass(frozen=True, slots=True)
class View:
    """A view is a name, a handler, and what it tends to between batches."""

    name: str
    handle: Handle
    tend: Tend | None = None


def run_view(view: View, world: World, partition: int, life: int) -> Steps:
    """Run one life of a view on one partition."""
    group = (view.name, partition)
    position = _resume(world, view, partition)
    while True:
        if view.tend:
            yield from until_stored(world, life, partial(view.tend, world, partition, life))
        batch = world.journal[partition].read(position, world.dice.randint(1, 4))
        if not batch:
            beyond = position > world.mark(view.name, partition).next
            if beyond and world.rules.idle_view_watches:
                raise ProcessEnds
            yield IDLE
            continue
        position = batch[-1][0] + 1
        world.fetched[group] = max(position, world.fetched.get(group, 0))
        if not world.rules.ack_after_commit:
            world.hints[group] = position
        yield "1 encoded"
        yield from until_stored(world, life, partial(_batch, world, view, partition, life, batch))
        world.hints[group] = position
        yield "6 acked to Faust"


def _resume(world: World, view: View, partition: int) -> int:
    """Seek to the watermark; if it cannot be read in time, to Kafka's hint."""
    hint = world.hints.get((view.name, partition), 0)
    in_time = world.dice.random() < 0.7
    if in_time and world.rules.view_from_watermark:
        return world.mark(view.name, partition).next
    return hint


def _batch(world: World, view: View, partition: int, life: int, batch: Batch) -> Steps:
    """Run the one transaction: lock, drop, handle, write, advance, commit."""
    transaction = world.database.begin(life)
    row = mark_row(view.name, partition)
    yield from locked(world, transaction, row)
    mark: Mark = transaction.get(row) or NOTHING_HANDLED
    if world.rules.gap_stops_view and batch[0][0] > mark.next:
        world.seen["gaps that stopped a view"] += 1
        raise ProcessEnds
    yield "2 watermark locked"
    fresh, mark = select(world.rules, mark, batch, world.seen)
    yield from view.handle(world, transaction, partition, fresh)
    yield "4 effects written"
    if not world.rules.watermark_with_effects:
        transaction.commit()
        yield "effects committed alone"
        transaction = world.database.begin(life)
    transaction.put(row, mark)
    transaction.send_commit()
    yield "5 watermark written, commit sent"
    transaction.commit()
    yield "5 committed"


def select(rules: Rules, mark: Mark, batch: Batch, seen: Counter[str]) -> tuple[list[Sealed], Mark]:
    """Return what is to be handled, and the watermark after it; counts what is dropped, and why."""
    fresh: list[Sealed] = []
    src_next = mark.src_next
    for offset, record in batch:
        if offset < mark.next:
            seen["handled before"] += 1
        elif rules.src_next and record.src < src_next:
            seen["brought before by another writer"] += 1
        elif rules.prev and record.prev > src_next:
            seen["came without its predecessor"] += 1
        else:
            fresh.append(record)
            src_next = max(src_next, record.src + 1)
    return fresh, replace(mark, next=max(mark.next, batch[-1][0] + 1), src_next=src_next)


def opens(world: World, record: Sealed) -> bool:
    """Say whether a committed key opens the record; what none opens is skipped and counted."""
    subject = world.subject(record.event.user)
    return subject is not None and subject.key == record.key


def persist(world: World, transaction: Transaction, partition: int, fresh: list[Sealed]) -> Steps:
    """Append to the user's timeline: like a counter, it shows every repetition."""
    yield "3 handled"
    for record in filter(partial(opens, world), fresh):
        row = ("timeline", record.event.user)
        transaction.put(
            row, (*(transaction.get(row) or ()), (record.event.id, record.event.content))
        )


PERSIST = View("persist", persist)
