"""Messages, still sealed: a stretch of history, the last of some channels, or those of points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CompoundSelect,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    Uuid,
    bindparam,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.subjects import Subject
from pipeline.adapters.postgres.tables import messages, points
from pipeline.adapters.postgres.write import unnested

_PID, _EPOCH = bindparam("pid", type_=LargeBinary), bindparam("epoch", type_=Integer)
_OF_USER = select(
    messages.c.id,
    messages.c.conversation,
    messages.c.channel,
    messages.c.role,
    messages.c.at,
    messages.c.box,
).where(messages.c.pid == _PID, messages.c.epoch == _EPOCH)
_NEWEST_FIRST = (messages.c.at.desc(), messages.c.id.desc())

# A limit keeps the planner from joining in another way: without statistics, or with one user in
# most of the rows, it would read all of the user's messages for every point.
_WANTED = unnested([points.c.id])
_POINT = select(points).where(points.c.id == _WANTED.c.id).limit(1).lateral("point")
_MESSAGE = _OF_USER.where(messages.c.id == _POINT.c.event_id).limit(1).lateral("message")
_BY_POINTS: Select[Any] = (
    select(_WANTED.c.id.label("point"), _MESSAGE)
    .select_from(_WANTED.join(_POINT, true()).join(_MESSAGE, true()))
    .where(_POINT.c.pid == _PID, _POINT.c.epoch == _EPOCH)
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
    statement = _narrowed(_OF_USER, messages, where)
    if before is not None:
        place = tuple_(messages.c.at, messages.c.id)
        statement = statement.where(place < tuple_(literal(before[0]), literal(before[1], Uuid)))
    statement = statement.order_by(*_NEWEST_FIRST).limit(limit)
    return [_row(found) for found in await connection.execute(statement, _user(subject))]


async def recent_messages(
    connection: AsyncConnection, subject: Subject, limits: Mapping[bytes, int]
) -> list[MessageRow]:
    """The newest messages of each channel token, `limits` says how many; newest first in each."""
    if not limits:
        return []
    asked = _user(subject)
    for i, (channel, limit) in enumerate(limits.items()):
        asked |= {f"channel_{i}": channel, f"limit_{i}": limit}
    return [_row(row) for row in await connection.execute(_recent(len(limits)), asked)]


async def messages_by_points(
    connection: AsyncConnection, subject: Subject, ids: Sequence[UUID], where: MessageFilter
) -> dict[UUID, MessageRow]:
    """The message of each vector point; points without a row, or filtered out, are left out."""
    if not ids:
        return {}
    statement = _narrowed(_BY_POINTS, _MESSAGE, where)
    found = await connection.execute(statement, {**_user(subject), "id": list(ids)})
    return {row.point: _row(row) for row in found}


@cache
def _recent(channels: int) -> CompoundSelect[Any]:
    parts = [
        _OF_USER.where(messages.c.channel == bindparam(f"channel_{i}", type_=LargeBinary))
        .order_by(*_NEWEST_FIRST)
        .limit(bindparam(f"limit_{i}", type_=Integer))
        .subquery()
        for i in range(channels)
    ]
    return union_all(*(select(part) for part in parts))


def _user(subject: Subject) -> dict[str, Any]:
    return {"pid": subject.pid, "epoch": subject.epoch}


def _narrowed(statement: Select[Any], table: FromClause, where: MessageFilter) -> Select[Any]:
    if where.roles:
        statement = statement.where(table.c.role.in_(where.roles))
    if where.channels:
        statement = statement.where(table.c.channel.in_(where.channels))
    if where.conversation is not None:
        statement = statement.where(table.c.conversation == where.conversation)
    if where.since is not None:
        statement = statement.where(table.c.at >= where.since)
    if where.until is not None:
        statement = statement.where(table.c.at < where.until)
    return statement


def _row(row: Any) -> MessageRow:
    return MessageRow(row.id, row.conversation, row.channel, row.role, row.at, row.box)
