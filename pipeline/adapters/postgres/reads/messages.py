"""Messages, still sealed: a stretch of history, the last of some channels, or those of points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, literal, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.subjects import Subject
from pipeline.adapters.postgres.tables import messages, points

_COLUMNS = (
    messages.c.id,
    messages.c.conversation,
    messages.c.channel,
    messages.c.role,
    messages.c.at,
    messages.c.box,
)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A sealed message and the columns that index it."""

    id: UUID
    conversation: bytes | None
    channel: bytes
    role: int
    at: datetime
    box: bytes


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Narrows a read: every given part must hold; an empty tuple and None do not narrow."""

    roles: tuple[int, ...] = ()
    channels: tuple[bytes, ...] = ()
    conversation: bytes | None = None
    since: datetime | None = None  # inclusive
    until: datetime | None = None  # exclusive


async def message_page(
    connection: AsyncConnection,
    subject: Subject,
    where: MessageFilter,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[MessageRow]:
    """Messages older than `before` by (at, id), newest first."""
    statement = _narrowed(_of(subject), where)
    if before is not None:
        place = tuple_(messages.c.at, messages.c.id)
        statement = statement.where(place < tuple_(literal(before[0]), literal(before[1], Uuid)))
    statement = statement.order_by(messages.c.at.desc(), messages.c.id.desc()).limit(limit)
    return [_row(found) for found in await connection.execute(statement)]


async def recent_messages(
    connection: AsyncConnection, subject: Subject, limits: Mapping[bytes, int]
) -> list[MessageRow]:
    """The newest messages of each channel token, `limits` says how many; newest first in each."""
    newest = (messages.c.at.desc(), messages.c.id.desc())
    parts = [
        _of(subject).where(messages.c.channel == channel).order_by(*newest).limit(limit).subquery()
        for channel, limit in limits.items()
    ]
    if not parts:
        return []
    found = await connection.execute(union_all(*(select(part) for part in parts)))
    return [_row(row) for row in found]


async def messages_by_points(
    connection: AsyncConnection, subject: Subject, ids: Sequence[UUID], where: MessageFilter
) -> dict[UUID, MessageRow]:
    """The message of each vector point; points without a row, or filtered out, are left out."""
    if not ids:
        return {}
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid))
    same = (
        (messages.c.pid == points.c.pid)
        & (messages.c.epoch == points.c.epoch)
        & (messages.c.id == points.c.event_id)
    )
    statement = (
        select(points.c.id.label("point"), *_COLUMNS)
        .select_from(points.join(messages, same))
        .where(points.c.id == wanted.any_(), points.c.pid == subject.pid)
        .where(points.c.epoch == subject.epoch)
    )
    found = await connection.execute(_narrowed(statement, where))
    return {row.point: _row(row) for row in found}


def _of(subject: Subject) -> Select[Any]:
    return select(*_COLUMNS).where(messages.c.pid == subject.pid, messages.c.epoch == subject.epoch)


def _narrowed(statement: Select[Any], where: MessageFilter) -> Select[Any]:
    if where.roles:
        statement = statement.where(messages.c.role.in_(where.roles))
    if where.channels:
        statement = statement.where(messages.c.channel.in_(where.channels))
    if where.conversation is not None:
        statement = statement.where(messages.c.conversation == where.conversation)
    if where.since is not None:
        statement = statement.where(messages.c.at >= where.since)
    if where.until is not None:
        statement = statement.where(messages.c.at < where.until)
    return statement


def _row(row: Any) -> MessageRow:
    return MessageRow(
        id=row.id,
        conversation=None if row.conversation is None else bytes(row.conversation),
        channel=bytes(row.channel),
        role=row.role,
        at=row.at,
        box=bytes(row.box),
    )
