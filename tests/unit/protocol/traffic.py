"""What producers publish, and the records that travel through the two topics."""

from dataclasses import dataclass, replace
from random import Random
from typing import Literal


@dataclass(frozen=True, slots=True)
class Event:
    """A record of chat.events. `forget` removes what the event `target` of the same user left."""

    id: str
    user: str
    kind: Literal["say", "forget"]
    content: str
    target: str = ""
    origin: tuple[int, int] | None = None  # where it first lay, once re-published to its home


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record of memory.journal: an event under its user's key, with the headers `src`, `prev`."""

    event: Event
    key: int
    src: int  # offset of the event in chat.events
    prev: int  # 1 + the source offset accepted before it, 0 if none


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record of chat.events.dlq, named by a position in chat.events."""

    position: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Publication:
    """A producer's next act: an event to a partition, or (None) an aborted transaction there."""

    partition: int
    event: Event | None


USERS = ("ann", "bob", "eve")


def plan(dice: Random, partitions: int) -> list[Publication]:
    """Draw a short history of publications with every legal nuisance in it."""
    acts: list[Publication] = []
    usual = {user: dice.randrange(partitions) for user in USERS}
    user = dice.choice(USERS)
    for number in range(dice.randint(6, 10)):
        user = dice.choice((user, *USERS))
        if dice.random() < 0.25:  # another client, with another partitioner
            usual[user] = dice.randrange(partitions)
        acts.append(Publication(usual[user], _new_event(dice, number, user, acts)))
        acts.extend(_nuisance(dice, acts, partitions))
    return acts


def _new_event(dice: Random, number: int, user: str, acts: list[Publication]) -> Event:
    said = [act.event.id for act in acts if act.event and act.event.user == user]
    if said and dice.random() < 0.25:
        return Event(f"e{number}", user, "forget", f"forget {number}", target=dice.choice(said))
    foreign = [act.event.id for act in acts if act.event and act.event.user != user]
    if foreign and dice.random() < 0.15:  # the same id as somebody else's event
        taken, name = set(said), dice.choice(foreign)
        return Event(f"e{number}" if name in taken else name, user, "say", f"words {number}")
    return Event(f"e{number}", user, "say", f"words {number}")


def _nuisance(dice: Random, acts: list[Publication], partitions: int) -> list[Publication]:
    roll = dice.random()
    earlier = dice.choice([act for act in acts if act.event])
    assert earlier.event is not None
    if roll < 0.2:  # published again
        return [earlier]
    if roll < 0.25:  # published again, elsewhere
        return [Publication(dice.randrange(partitions), earlier.event)]
    if roll < 0.35:  # the same id with other content
        conflict = replace(earlier.event, content=f"conflict {len(acts)}")
        return [Publication(earlier.partition, conflict)]
    if roll < 0.45:  # a foreign transaction, aborted
        return [Publication(dice.randrange(partitions), None)]
    return []
