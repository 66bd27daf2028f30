"""Admit: the journal's only writer, one batch of one partition at a time."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from .kafka import Log, Producer, Request
from .postgres import StoreAway, Transaction
from .verdicts import Batch, Verdicts, judge
from .world import (
    IDLE,
    NOTHING_ADMITTED,
    Admission,
    ProcessEnds,
    Steps,
    Subject,
    World,
    admission_row,
    answer,
    locked,
    until_stored,
)


def admit(world: World, partition: int, life: int) -> Steps:
    """Run one life of admit on one partition, from the watermark on."""
    group = ("admit", partition)
    producer = Producer(life, world.network)
    position = world.admission(partition).next
    if not world.rules.admit_from_watermark:
        position = world.hints.get(group, 0)
    while True:
        batch = world.source[partition].read(position, world.dice.randint(1, 4))
        if not batch:
            yield IDLE
            continue
        position = batch[-1][0] + 1
        world.fetched[group] = max(position, world.fetched.get(group, 0))
        yield "1 decoded and validated"
        yield from until_stored(world, life, partial(_keys, world, partition, life, batch))
        yield from until_stored(
            world, life, partial(_batch, world, partition, life, producer, batch)
        )
        world.hints[group] = position
        yield "6 acked to Faust"


def _keys(world: World, partition: int, life: int, batch: Batch) -> Steps:
    """Step 2: commit home and key of users never seen before, before anything is sealed."""
    if world.rules.keys_first:
        transaction = world.database.begin(life)
        _offer_subjects(world, partition, transaction, batch)
        yield "2 first-seen keys written"
        transaction.commit()
        yield "2 first-seen keys committed"


def _offer_subjects(
    world: World, partition: int, transaction: Transaction, batch: Batch
) -> dict[str, Subject]:
    """Insert what is missing, on conflict do nothing; returns the subjects as this life sees them.

    After step 2 all of them are committed rows. Without step 2 they are this life's own hope.
    """
    subjects: dict[str, Subject] = {}
    for user in sorted({event.user for _, event in batch}):
        subjects[user] = world.subject(user) or Subject(partition, world.dice.getrandbits(60))
        transaction.put_if_absent(("subject", user), subjects[user])
    return subjects


def _batch(world: World, partition: int, life: int, producer: Producer, batch: Batch) -> Steps:
    """Steps 3 to 5, the one transaction: lock, judge, produce, write the watermark, commit."""
    transaction = world.database.begin(life)
    subjects = _offer_subjects(world, partition, transaction, batch)
    row = admission_row(partition)
    yield from locked(world, transaction, row)
    mark: Admission = transaction.get(row) or NOTHING_ADMITTED
    if world.source[partition].start > mark.next:
        world.violations["trimmed before it was admitted"] += 1
    yield "3 watermark locked"
    verdicts = judge(world.rules, partition, life, mark, batch, subjects, transaction)
    world.seen["re-published to the home"] += sum(map(len, verdicts.moved.values()))
    world.seen["dead letters"] += len(verdicts.dead)
    yield from _write_ledger(world, life, transaction, verdicts)
    mark = yield from _produce(world, partition, producer, verdicts, mark)
    transaction.put(row, replace(mark, next=max(mark.next, batch[-1][0] + 1), prev=verdicts.prev))
    transaction.send_commit()
    yield "5 watermark written, commit sent"
    transaction.commit()
    yield "5 committed"


def _write_ledger(world: World, life: int, transaction: Transaction, verdicts: Verdicts) -> Steps:
    """Step 3: remember the accepted ids; in the mutation, for good before they are produced."""
    alone = not world.rules.ledger_with_watermark
    writer = world.database.begin(life) if alone else transaction
    for row, content in verdicts.ledger.items():
        writer.put(row, content)
    if alone:
        writer.commit()
    yield "3 ledger written"


def _produce(
    world: World, partition: int, producer: Producer, verdicts: Verdicts, mark: Admission
) -> Generator[str, None, Admission]:
    """Step 4: closed batches, each sent after the acknowledgement of the one before."""
    outstanding: list[tuple[Request, int, int | None]] = []
    for log, records, home in _closed_batches(world, partition, verdicts):
        outstanding.append((producer.send(log, records), len(records), home))
        yield "4 sent"
        if world.rules.one_produce_at_a_time:
            mark = yield from _acknowledged(outstanding, mark, partition)
    mark = yield from _acknowledged(outstanding, mark, partition)
    yield "4 acknowledged"
    return mark


def _closed_batches(
    world: World, partition: int, verdicts: Verdicts
) -> Iterator[tuple[Log[Any], Sequence[Any], int | None]]:
    """List what to produce as (log, records, the partition whose end matters to readers)."""
    for home, events in verdicts.moved.items():
        yield from ((world.source[home], part, home) for part in _parts(world, events))
    yield from (
        (world.journal[partition], part, partition) for part in _parts(world, verdicts.sealed)
    )
    yield from ((world.dead, part, None) for part in _parts(world, verdicts.dead))


def _parts(world: World, records: Sequence[Any]) -> Iterator[Sequence[Any]]:
    size = world.dice.randint(1, 2)  # what a closed batch holds
    return (records[i : i + size] for i in range(0, len(records), size))


def _acknowledged(
    outstanding: list[tuple[Request, int, int | None]], mark: Admission, partition: int
) -> Generator[str, None, Admission]:
    """Await every outstanding batch; a failed produce ends the process."""
    while outstanding:
        request, count, home = outstanding.pop(0)
        try:
            end = (yield from answer(request)) + count
        except StoreAway:
            raise ProcessEnds from None
        if home == partition:
            mark = replace(mark, journal_end=end)
        elif home is not None:
            ends = tuple(end if p == home else old for p, old in enumerate(mark.forwarded))
            mark = replace(mark, forwarded=ends)
    return mark
