"""Step 3 of admit as a function: what becomes of each record of a batch.

A verdict depends on the record, the log before it and what was committed with it, and on nothing
else: two lives of admit that judge the same record agree, however they cut their batches.
"""

from dataclasses import dataclass, field, replace

from .postgres import Transaction
from .rules import Rules
from .traffic import DeadLetter, Event, Sealed
from .world import Admission, Subject

Batch = list[tuple[int, Event]]


@dataclass(slots=True)
class Verdicts:
    """Three kinds of records to produce, rows for the id ledger, and the chain's new end."""

    prev: int
    sealed: list[Sealed] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    moved: dict[int, list[Event]] = field(default_factory=dict)  # home -> events to re-publish
    ledger: dict[tuple[str, str, str], str] = field(default_factory=dict)


def judge(
    rules: Rules,
    partition: int,
    life: int,
    mark: Admission,
    batch: Batch,
    subjects: dict[str, Subject],
    transaction: Transaction,
) -> Verdicts:
    """Judge the records at or above the watermark, in log order."""
    verdicts = Verdicts(mark.prev)
    for offset, event in batch:
        if offset < mark.next:
            continue
        subject = subjects[event.user]
        row = ("ledger", event.user, event.id)
        known = verdicts.ledger.get(row, transaction.get(row)) if rules.id_ledger else None
        if subject.home != partition:
            moved = replace(event, origin=event.origin or (partition, offset))
            verdicts.moved.setdefault(subject.home, []).append(moved)
        elif known is None and (rules.stable_verdicts or _valid(event, life)):
            verdicts.ledger[row] = event.content
            verdicts.sealed.append(Sealed(event, subject.key, offset, verdicts.prev))
            verdicts.prev = offset + 1
        elif known != event.content:  # a conflict, or not valid
            origin = event.origin if rules.dead_letter_by_origin else None
            verdicts.dead.append(DeadLetter(origin or (partition, offset)))
    return verdicts


def _valid(event: Event, life: int) -> bool:
    """Judge by validation rules that changed between one life and the next."""
    return event.id not in {"e1", "e4"} or life % 2 == 0
