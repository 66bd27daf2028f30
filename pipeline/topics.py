"""The topics: their names, partitions and settings. Created by `topics apply`, never by Faust."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta

_LEGAL = re.compile(r"[A-Za-z0-9._-]*")
_LONGEST_NAME = 249  # Kafka's limit, in characters
_MIB = 1024 * 1024
_FOR_EVER = "-1"
DEAD_LETTER_DAYS = 14  # then the topic drops them, and their keys are destroyed


@dataclass(frozen=True, slots=True)
class TopicNames:
    """The name of every topic, prefix included."""

    events: str  # public: JSON keyed by user id, anyone allowed may write
    journal: str  # sealed events keyed by pid, written by admit only
    audit: str
    deletions: str
    dead_letters: str


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it must be; `configs` are Kafka's topic settings."""

    name: str
    partitions: int
    configs: Mapping[str, str] = field(default_factory=dict)


def topic_names(prefix: str = "") -> TopicNames:
    """The names behind a prefix, which lets installations share a cluster.

    Raises:
        ValueError: the prefix makes a name that Kafka does not allow.
    """
    names = TopicNames(
        events=f"{prefix}chat.events",
        journal=f"{prefix}memory.journal",
        audit=f"{prefix}memory.audit",
        deletions=f"{prefix}memory.deletions",
        dead_letters=f"{prefix}chat.events.dlq",
    )
    longest = max(len(getattr(names, each.name)) for each in fields(names))
    if not _LEGAL.fullmatch(prefix) or longest > _LONGEST_NAME:
        raise ValueError("a topic prefix is short and holds letters, digits, '.', '_' and '-'")
    return names


def topic_table(names: TopicNames, partitions: int) -> tuple[TopicSpec, ...]:
    """Every topic.

    `partitions` counts for `events`, `journal` and `dead_letters`: what comes from partition p of
    the first goes to partition p of the others. The rest have one partition, so one order.
    """
    return (
        TopicSpec(names.events, partitions, _events()),
        TopicSpec(names.journal, partitions, _journal()),
        TopicSpec(names.audit, 1, _kept()),
        TopicSpec(names.deletions, 1, _kept()),
        TopicSpec(names.dead_letters, partitions, _dead_letters()),
    )


def _events() -> dict[str, str]:
    return _kept() | {
        # For what is not yet admitted; the janitor deletes what is (design 2a, Trimming).
        "retention.ms": _ms(timedelta(days=7)),
        # Deletion works on whole segments, and only a rolled one can go.
        "segment.ms": _ms(timedelta(minutes=10)),
        # The broker's clock, for an event's time is judged by it. A record that admit publishes
        # again to its user's home partition is stamped anew, later: that only judges more mildly.
        "message.timestamp.type": "LogAppendTime",
        # A larger record is refused to its producer; from 256 KiB on it becomes a dead letter.
        "max.message.bytes": str(_MIB),
    }


def _journal() -> dict[str, str]:
    return _kept() | {
        "compression.type": "uncompressed",  # ciphertext does not shrink
        "max.message.bytes": str(_MIB),
    }


def _dead_letters() -> dict[str, str]:
    return _kept() | {
        "retention.ms": _ms(timedelta(days=DEAD_LETTER_DAYS)),
        "segment.ms": _ms(timedelta(days=1)),
        "message.timestamp.type": "LogAppendTime",  # their 14 days begin when they are written
        "max.message.bytes": str(2 * _MIB),  # the largest event, sealed and in base64
    }


def _kept() -> dict[str, str]:
    """Kept for ever, never compacted, and stamped by whoever writes it."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": _FOR_EVER,
        "retention.bytes": _FOR_EVER,
        "message.timestamp.type": "CreateTime",
    }


def _ms(span: timedelta) -> str:
    return str(span // timedelta(milliseconds=1))
