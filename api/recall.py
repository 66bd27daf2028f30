"""Looking for messages by meaning: points from the vector store, their messages from PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.parts import Parts
from api.ranking import Ranked, behind, ranked
from api.reader import Reader
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.reads import MessageFilter, messages_by_points
from pipeline.domain.content import RoleCode
from pipeline.domain.crypto import Kind
from pipeline.domain.days import day_number
from pipeline.ports import Hit, Vector, Where
from schemas.requests import SearchRequest

CHUNKS_EACH = 2  # points asked for a message that is wanted: long messages have several
SLACK_DAYS = 2
DEEPEST = 2000  # points; what lies deeper is never asked for


def message_filter(reader: Reader, asked: SearchRequest) -> MessageFilter:
    """What the request asks for, exactly."""
    keys, thread = reader.keys, asked.conversation_id
    return MessageFilter(
        roles=tuple(int(RoleCode.of(role)) for role in asked.roles),
        channels=tuple(keys.channel(name) for name in dict.fromkeys(asked.channels)),
        conversation=None if thread is None else keys.conversation(thread),
        since=asked.since,
        until=asked.until,
    )


def place(where: MessageFilter) -> Where:
    """Where to look for it: days stand for times.

    A point's day is that of its own time zone and a limit's day is that of another, so more days
    are looked through; PostgreSQL then goes by the exact time.
    """
    return Where(
        roles=where.roles,
        kinds=(int(Kind.MESSAGE),),
        channels=where.channels,
        conversation=where.conversation,
        day_from=None if where.since is None else _day(where.since) - SLACK_DAYS,
        day_to=None if where.until is None else _day(where.until) + SLACK_DAYS,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of results: how many, behind which place, and how many were seen before it."""

    limit: int
    place: tuple[float, UUID] | None = None
    seen: int = 0


async def hydrated(
    connection: AsyncConnection, reader: Reader, hits: Sequence[Hit], where: MessageFilter
) -> list[Ranked]:
    """The messages of the points, best first."""
    rows = await messages_by_points(connection, reader.subject, [h.id for h in hits], where)
    return ranked(hits, rows)


async def look(
    parts: Parts,
    reader: Reader,
    question: Vector,
    where: MessageFilter,
    page: Page,
) -> list[Ranked]:
    """More messages than fit the page, behind its place, unless there are no more."""
    limit = min(DEEPEST, CHUNKS_EACH * (page.seen + page.limit + 1))
    while True:
        hits = await parts.semantic.search(reader.keys, question, limit, place(where))
        async with transaction(parts.engine) as connection:
            found = behind(await hydrated(connection, reader, hits, where), page.place)
        if len(found) > page.limit or len(hits) < limit or limit == DEEPEST:
            return found
        limit = min(DEEPEST, 4 * limit)


def _day(at: datetime) -> int:
    return day_number(at.date())
