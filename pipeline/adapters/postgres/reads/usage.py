"""Usage counts and the profile's box of one user."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    LargeBinary,
    Table,
    bindparam,
    cast,
    extract,
    func,
    select,
    union_all,
)
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


def _of_user(table: Table) -> ColumnElement[bool]:
    pid, epoch = bindparam("pid", type_=LargeBinary), bindparam("epoch", type_=Integer)
    return (table.c.pid == pid) & (table.c.epoch == epoch)


def _count(table: Table) -> ColumnElement[int]:
    return select(func.count()).select_from(table).where(_of_user(table)).scalar_subquery()


def _ms(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.round(extract("epoch", column) * 1000), BigInteger)


_COUNTS = (
    select(
        totals.c.messages,
        totals.c.sent,
        totals.c.first_at,
        totals.c.last_at,
        func.coalesce(zones.c.offset_minutes, 0),
        _count(usage_conversations),
        _count(sessions) + _count(spans),
    )
    .select_from(
        totals.join(
            zones,
            (zones.c.pid == totals.c.pid) & (zones.c.epoch == totals.c.epoch),
            isouter=True,
        )
    )
    .where(_of_user(totals))
)
_DAYS = select(days.c.day, days.c.messages, days.c.sent).where(_of_user(days)).order_by(days.c.day)
_SINCE = bindparam("since_ms", type_=BigInteger)
_SESSIONS = union_all(
    select(_ms(sessions.c.first_at), _ms(sessions.c.last_at)).where(
        _of_user(sessions), _ms(sessions.c.last_at) >= _SINCE
    ),
    select(spans.c.start_ms, spans.c.end_ms).where(_of_user(spans), spans.c.end_ms >= _SINCE),
)
_PROFILE = select(profiles.c.rev, profiles.c.box).where(_of_user(profiles))


async def usage_row(connection: AsyncConnection, subject: Subject) -> UsageRow | None:
    """The user's counts; None while nothing was counted. A session is named, or told by silence."""
    row = (await connection.execute(_COUNTS, _user(subject))).one_or_none()
    return UsageRow(*row) if row else None


async def usage_days(connection: AsyncConnection, subject: Subject) -> list[DayRow]:
    """Every day with a message, in order."""
    return [DayRow(*row) for row in await connection.execute(_DAYS, _user(subject))]


async def session_bounds(
    connection: AsyncConnection, subject: Subject, since_ms: int
) -> list[tuple[int, int]]:
    """First and last activity (ms since 1970) of each session that was active since `since_ms`."""
    asked = {**_user(subject), "since_ms": since_ms}
    return [(first, last) for first, last in await connection.execute(_SESSIONS, asked)]


async def profile_row(connection: AsyncConnection, subject: Subject) -> tuple[int, bytes] | None:
    """The profile's revision and box; None where none was ever set."""
    row = (await connection.execute(_PROFILE, _user(subject))).one_or_none()
    return (row.rev, bytes(row.box)) if row else None


def _user(subject: Subject) -> dict[str, Any]:
    return {"pid": subject.pid, "epoch": subject.epoch}
