"""Usage as answers show it: streaks from the active days, today being the user's own."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from pipeline.adapters.postgres.reads import DayRow, UsageRow
from pipeline.domain.streaks import streaks
from schemas.responses import ActiveDay, Usage

DAYS_SHOWN = 30

_DAY = timedelta(days=1)


def usage(
    user_id: str,
    counts: UsageRow | None,
    days: Sequence[DayRow],
    now: datetime,
    shown: Sequence[ActiveDay] = (),
) -> Usage:
    """Everything that is counted; zeros for a user who never said anything."""
    active = [row.day for row in days if row.sent]
    offset = counts.offset_minutes if counts else 0
    run = streaks(active, local_date(now, offset))
    return Usage(
        user_id=user_id,
        messages=counts.messages if counts else 0,
        user_messages=counts.sent if counts else 0,
        conversations=counts.conversations if counts else 0,
        sessions=counts.sessions if counts else 0,
        first_active=counts.first_at if counts else None,
        last_active=counts.last_at if counts else None,
        active_days=len(active),
        current_streak=run.current,
        longest_streak=run.longest,
        days=tuple(shown),
    )


def shown_days(
    days: Sequence[DayRow], sessions: Iterable[tuple[int, int]], offset_minutes: int
) -> list[ActiveDay]:
    """The latest days with their sessions; `sessions` are first and last activity in ms.

    A session counts on every day it touches, by the offset that the user's latest event had.
    """
    latest = days[-DAYS_SHOWN:]
    if not latest:
        return []
    touched = _touched(sessions, offset_minutes, latest[0].day, latest[-1].day)
    return [
        ActiveDay(
            day=row.day,
            messages=row.messages,
            user_messages=row.sent,
            sessions=touched[row.day],
        )
        for row in latest
    ]


def since_ms(days: Sequence[DayRow]) -> int:
    """From when on sessions matter for the latest days, in ms; early enough for any offset."""
    first = days[-DAYS_SHOWN:][0].day if days else date.max
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return round((midnight - _DAY).timestamp() * 1000)


def local_date(at: datetime, offset_minutes: int) -> date:
    """The day of a moment for someone whose clock is that far ahead of UTC."""
    return (at.astimezone(UTC) + timedelta(minutes=offset_minutes)).date()


def _touched(
    sessions: Iterable[tuple[int, int]], offset_minutes: int, first: date, last: date
) -> Counter[date]:
    touched: Counter[date] = Counter()
    for start_ms, end_ms in sessions:
        day = max(first, _day_of(start_ms, offset_minutes))
        until = min(last, _day_of(end_ms, offset_minutes))
        while day <= until:
            touched[day] += 1
            day += _DAY
    return touched


def _day_of(ms: int, offset_minutes: int) -> date:
    return local_date(datetime.fromtimestamp(ms / 1000, UTC), offset_minutes)
