"""Usage counts and the profile's box of one user."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Table, cast, extract, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from pipeline.adapters.postgres.subjects import Subject
from pipeline.adapters.postgres.tables import (
    days,
    profiles,
    sessions,
    spans,
    totals,
    usage_conversations,
    zones,
)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Everything that is counted without days; `offset_minutes` is the user's latest from UTC."""

    messages: int
    sent: int
    first_at: datetime
    last_at: datetime
    offset_minutes: int
    conversations: int
    sessions: int


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of the user: messages of every role, and those the user sent."""

    day: date
    messages: int
    sent: int


async def usage_row(connection: AsyncConnection, subject: Subject) -> UsageRow | None:
    """The user's counts; None while nothing was counted. A session is named, or told by silence."""
    same = (zones.c.pid == totals.c.pid) & (zones.c.epoch == totals.c.epoch)
    statement = (
        select(
            totals.c.messages,
            totals.c.sent,
            totals.c.first_at,
            totals.c.last_at,
            func.coalesce(zones.c.offset_minutes, 0).label("offset_minutes"),
            _count(usage_conversations, subject).label("conversations"),
            (_count(sessions, subject) + _count(spans, subject)).label("sessions"),
        )
        .select_from(totals.join(zones, same, isouter=True))
        .where(totals.c.pid == subject.pid, totals.c.epoch == subject.epoch)
    )
    row = (await connection.execute(statement)).one_or_none()
    return UsageRow(*row) if row else None


async def usage_days(connection: AsyncConnection, subject: Subject) -> list[DayRow]:
    """Every day with a message, in order."""
    statement = (
        select(days.c.day, days.c.messages, days.c.sent)
        .where(days.c.pid == subject.pid, days.c.epoch == subject.epoch)
        .order_by(days.c.day)
    )
    return [DayRow(*row) for row in await connection.execute(statement)]


async def session_bounds(
    connection: AsyncConnection, subject: Subject, since_ms: int
) -> list[tuple[int, int]]:
    """First and last activity (ms since 1970) of each session that was active since `since_ms`."""
    named = select(_ms(sessions.c.first_at), _ms(sessions.c.last_at)).where(
        sessions.c.pid == subject.pid,
        sessions.c.epoch == subject.epoch,
        _ms(sessions.c.last_at) >= since_ms,
    )
    silent = select(spans.c.start_ms, spans.c.end_ms).where(
        spans.c.pid == subject.pid, spans.c.epoch == subject.epoch, spans.c.end_ms >= since_ms
    )
    return [(first, last) for first, last in await connection.execute(union_all(named, silent))]


async def profile_row(connection: AsyncConnection, subject: Subject) -> tuple[int, bytes] | None:
    """The profile's revision and box; None where none was ever set."""
    statement = select(profiles.c.rev, profiles.c.box).where(
        profiles.c.pid == subject.pid, profiles.c.epoch == subject.epoch
    )
    row = (await connection.execute(statement)).one_or_none()
    return (row.rev, bytes(row.box)) if row else None


def _count(table: Table, subject: Subject) -> ColumnElement[int]:
    counted = select(func.count()).select_from(table)
    return counted.where(
        table.c.pid == subject.pid, table.c.epoch == subject.epoch
    ).scalar_subquery()


def _ms(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.round(extract("epoch", column) * 1000), BigInteger)
