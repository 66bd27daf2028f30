"""The context of a user: who they are, how they use the assistant, what was said."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from api import said
from api.activity import usage
from api.opening import open_messages, open_profile_row
from api.parts import Limits, Parts
from api.ranking import Ranked
from api.reader import Reader, find_reader
from api.recall import CHUNKS_EACH, hydrated, place
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.reads import (
    DayRow,
    MessageFilter,
    MessageRow,
    UsageRow,
    profile_row,
    recent_messages,
    usage_days,
    usage_row,
)
from pipeline.domain.content import Message
from pipeline.ports import Vector
from schemas.responses import Context, ContextMessage, Profile


@dataclass(frozen=True, slots=True)
class Asked:
    """What a context is asked for."""

    user_id: str
    query: str | None
    limit: int  # relevant messages
    channels: Mapping[str, int]  # how many recent messages of each


@dataclass(frozen=True, slots=True)
class Found:
    """What the stores hold for it, still sealed."""

    profile: tuple[int, bytes] | None = None
    counts: UsageRow | None = None
    days: Sequence[DayRow] = ()
    recent: Sequence[MessageRow] = ()  # newest first in each channel
    relevant: Sequence[Ranked] = field(default_factory=list)  # best first


def channel_limits(limits: Limits, channel: str | None) -> dict[str, int]:
    """How many recent messages of each channel; the one asked for counts as much as `ai`."""
    usual = {"ai": limits.context_messages, "general": limits.general_messages}
    return usual if channel is None else {**usual, channel: limits.context_messages}


async def build_context(parts: Parts, asked: Asked) -> Context:
    """The user's context; empty, but whole, for a user who was never seen.

    Raises:
        StoreUnavailable: a store is away, or the encoder is not ready yet.
    """
    question, reader = await asyncio.gather(
        _encoded(parts, asked.query), find_reader(parts, asked.user_id)
    )
    if reader is None:
        return assemble(asked, Found(), {}, {}, parts.now())
    standing, near = await asyncio.gather(
        _standing(parts, reader, asked), _near(parts, reader, question, asked)
    )
    seen = {row.id for row in standing.recent}
    relevant = [each for each in near if each.row.id not in seen][: asked.limit]
    found = replace(standing, relevant=relevant)
    wanted = [*found.recent, *(each.row for each in found.relevant)]
    profile = await open_profile_row(parts.keyring, reader.subject, found.profile)
    opened = await open_messages(parts.keyring, reader.subject, wanted)
    return assemble(asked, found, profile, opened, parts.now())


def assemble(
    asked: Asked,
    found: Found,
    profile: Mapping[str, Any],
    opened: Mapping[UUID, Message],
    now: datetime,
) -> Context:
    """Put the context together; what could not be opened is left out."""
    return Context(
        user_id=asked.user_id,
        profile=Profile(user_id=asked.user_id, **profile),
        usage=usage(asked.user_id, found.counts, found.days, now),
        recent=recent_by_channel(asked.channels, found.recent, opened),
        relevant=tuple(
            said.relevant(opened[each.row.id], each.score)
            for each in found.relevant
            if each.row.id in opened
        ),
    )


def recent_by_channel(
    channels: Mapping[str, int], rows: Sequence[MessageRow], opened: Mapping[UUID, Message]
) -> dict[str, tuple[ContextMessage, ...]]:
    """The messages of each channel, oldest first."""
    messages = [opened[row.id] for row in rows if row.id in opened]
    messages.sort(key=lambda message: (message.at, message.id))
    return {
        channel: tuple(said.recent(m) for m in messages if m.channel == channel)
        for channel in channels
    }


async def _encoded(parts: Parts, query: str | None) -> Vector | None:
    return None if query is None else await parts.semantic.encode(query)


async def _near(
    parts: Parts, reader: Reader, question: Vector | None, asked: Asked
) -> Sequence[Ranked]:
    """Messages near the question, enough to fill the limit when all that is recent is left out."""
    if question is None:
        return []
    wanted = CHUNKS_EACH * asked.limit + sum(asked.channels.values())
    hits = await parts.semantic.search(reader.keys, question, wanted, place(MessageFilter()))
    async with transaction(parts.engine) as connection:
        return await hydrated(connection, reader, hits, MessageFilter())


async def _standing(parts: Parts, reader: Reader, asked: Asked) -> Found:
    """What does not depend on the question; read while the vector store searches."""
    subject, keys = reader.subject, reader.keys
    tokens = {keys.channel(name): limit for name, limit in asked.channels.items()}
    async with transaction(parts.engine) as connection:
        return Found(
            profile=await profile_row(connection, subject),
            counts=await usage_row(connection, subject),
            days=await usage_days(connection, subject),
            recent=await recent_messages(connection, subject, tokens),
        )
