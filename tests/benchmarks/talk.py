"""What is said in the benchmarks: texts from a file of conversations or made up, and their events.

TIDEMARK_BENCH_MESSAGES may name a JSON or JSONL file; every string under `text` or `content`
counts as a message, except in LoCoMo's format, where only what the speakers say does.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from tests.benchmarks.encoder_messages import made_up, texts_in

VARIABLE = "TIDEMARK_BENCH_MESSAGES"
MOST_TEXTS = 3000  # different ones; longer runs say them again
FIRST_DAY = datetime(2024, 1, 8, 7, tzinfo=UTC)
SESSION = 20  # messages, a minute apart
SESSIONS_A_DAY = 5
STRIDE = 37  # users talk about different things


@dataclass(frozen=True, slots=True)
class Talk:
    """Texts, and where they come from."""

    texts: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Message:
    """A record for the public topic."""

    key: bytes
    value: bytes


def find_talk() -> Talk:
    """The conversations that the environment names, else made-up ones, always the same."""
    if VARIABLE not in os.environ:
        return Talk(tuple(made_up(MOST_TEXTS)), "generated chat-like messages")
    path = Path(os.environ[VARIABLE])
    texts = [text for each in _documents(path) for text in _said(each) if text.strip()]
    if not texts:
        raise SystemExit(f"{VARIABLE}: no texts in {path}")
    return Talk(tuple(texts[:MOST_TEXTS]), f"conversations from {path.name}")


def talking(talk: Talk, users: int, *, group: str = "user", start: int = 0) -> Iterator[Message]:
    """Users who talk at once and without end, from each one's message number `start` on.

    A user's messages are a stretch of the texts, in sessions of 20 every few hours.
    """
    for number in count(start):
        for user in range(users):
            yield _message(talk, f"{group}-{user:04d}", user * STRIDE, number)


def said_by(talk: Talk, users: int, messages: int, **options: Any) -> list[Message]:
    """The first messages of `talking`."""
    return list(islice(talking(talk, users, **options), messages))


def _message(talk: Talk, user: str, offset: int, number: int) -> Message:
    session, minute = divmod(number, SESSION)
    day, hour = divmod(session, SESSIONS_A_DAY)
    at = FIRST_DAY + timedelta(days=day, hours=3 * hour, minutes=minute)
    event = {
        "type": "chat.message.sent.v1",
        "message_id": f"m-{number}",
        "user_id": user,
        "at": at.isoformat(),
        "tz": "Europe/Lisbon",
        "session_id": f"s-{session}",
        "conversation_id": f"c-{session}",
        "source": "benchmark",
        "role": ("user", "assistant")[number % 2],
        "channel": "ai" if session % 4 else "general",
        "content": talk.texts[(offset + number) % len(talk.texts)],
    }
    return Message(user.encode(), json.dumps(event).encode())


def _documents(path: Path) -> list[Any]:
    """The file's one document, or one a line."""
    words = path.read_text()
    try:
        return [json.loads(words)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in words.splitlines() if line.strip()]


def _said(document: Any) -> Iterator[str]:
    if isinstance(document, list) and document and _is_locomo(document[0]):
        for sample in document:
            yield from texts_in(list(sample["conversation"].values()))
    else:
        yield from texts_in(document)


def _is_locomo(sample: Any) -> bool:
    return isinstance(sample, dict) and "conversation" in sample and "qa" in sample
