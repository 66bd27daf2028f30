"""What producers publish while things break: a seed is a history, with every legal nuisance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

BEGAN = datetime(2026, 5, 4, 8, tzinfo=UTC)
WORDS = (
    "tea",
    "rain",
    "train",
    "garden",
    "piano",
    "recipe",
    "river",
    "meeting",
    "bicycle",
    "letter",
)
ZONES = ("Europe/Lisbon", "Asia/Tokyo", "America/Denver")
RECENT = 200  # publications within which a producer tries again
SPOKEN = ("user", "assistant")  # what is embedded
SILENT = ("tool", "system")


@dataclass(frozen=True, slots=True)
class Publication:
    """An event, and the partition to which a client with a strange partitioner sends it."""

    event: dict[str, Any]
    partition: int | None = None
    conflict: bool = False  # the id of an earlier event, with other content


@dataclass(frozen=True, slots=True)
class Plan:
    """Who says how much. There is no end to it."""

    seed: int
    users: int
    newcomers_every: int  # publications until a user is known who was not before
    partitions: int = 6
    spoken: float = 0.3  # the share of messages whose text is embedded

    def publications(self) -> Iterator[Publication]:
        """The history, in order."""
        dice, recent = Random(self.seed), list[Publication]()
        for number in count():
            again = dice.random()
            if recent and again < 0.03:
                yield dice.choice(recent)
                continue
            if recent and again < 0.04 and (found := _conflict(dice, recent)):
                yield found
                continue
            publication = self._new(dice, number)
            recent = [*recent[-RECENT:], publication]
            yield publication

    def _new(self, dice: Random, number: int) -> Publication:
        user = dice.randrange(min(self.users, 1 + number // self.newcomers_every))
        event = self._profile(number) if dice.random() < 0.05 else self._message(dice, user, number)
        common = {
            "id": str(UUID(int=dice.getrandbits(128), version=4)),
            "user_id": f"user-{user}",
            "at": (BEGAN + timedelta(seconds=97 * number)).isoformat(),
        }
        if user % 3 == 0:
            common["tz"] = ZONES[user % len(ZONES)]
        wanders = user % 40 == 7
        partition = dice.randrange(self.partitions) if wanders else None
        return Publication({**event, **common}, partition)

    def _profile(self, number: int) -> dict[str, Any]:
        return {"type": "memory.profile.updated.v1", "current_focus": f"matter {number}"}

    def _message(self, dice: Random, user: int, number: int) -> dict[str, Any]:
        roles = SPOKEN if dice.random() < self.spoken else SILENT
        event = {
            "type": "chat.message.sent.v1",
            "role": dice.choice(roles),
            "content": f"{number} {' '.join(dice.choices(WORDS, k=6))}",
            "conversation_id": f"talk-{dice.randrange(3)}",
        }
        return event | ({"session_id": f"visit-{number // 500}"} if user % 2 else {})


def _conflict(dice: Random, recent: Sequence[Publication]) -> Publication | None:
    """An id used again; where the first one wanders, nobody could say which came first."""
    first = dice.choice(recent)
    if first.partition is not None or "content" not in first.event:
        return None
    return Publication({**first.event, "content": "something else"}, conflict=True)
