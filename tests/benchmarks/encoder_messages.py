"""Messages to measure with: made up, the same ones every time, or taken from a JSON file."""

import random
from collections.abc import Iterator
from typing import Any

ALONE = ["ok", "thanks!", "sounds good", "on my way", "really?", "not yet", "haha, same here"]
OPENINGS = ["I think", "My sister says", "Do you remember when", "Last week", "Honestly,", "In May"]
MIDDLES = [
    "we moved the whole project to another city",
    "the doctor changed my prescription again",
    "nobody could find the keys to the boat",
    "I finally started learning Portuguese with a tutor",
    "our landlord wants to renovate the kitchen before winter",
    "the children adopted a grey kitten from the shelter",
]
ENDINGS = [
    "and I am still not sure what to make of it.",
    "because the old plan had become too expensive for everybody involved.",
    "so please remind me on Thursday.",
    "which made the weekend rather short but very happy.",
]


def made_up(count: int) -> list[str]:
    """Return chat-like messages: one in five a few words, the others one to three sentences."""
    chance = random.Random(20_240_229)
    return [_message(chance) for _ in range(count)]


def texts_in(document: Any) -> Iterator[str]:
    """Yield every string under `text` or `content`, at any depth of a JSON document."""
    if isinstance(document, list):
        for item in document:
            yield from texts_in(item)
    elif isinstance(document, dict):
        for key, value in document.items():
            if key in {"text", "content"} and isinstance(value, str):
                yield value
            else:
                yield from texts_in(value)


def _message(chance: random.Random) -> str:
    if chance.random() < 0.2:
        return chance.choice(ALONE)
    parts = (OPENINGS, MIDDLES, ENDINGS)
    sentences = chance.choice([1, 2, 2, 3])
    return " ".join(chance.choice(part) for _ in range(sentences) for part in parts)
