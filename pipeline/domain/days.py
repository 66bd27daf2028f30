"""Which day and month an event belongs to, by its own time and never by the clock."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = date(1970, 1, 1).toordinal()


class UnknownZone(ValueError):  # noqa: N818  reads as the reason it is
    """A time zone name that the IANA database does not hold; it is not repeated."""


def local_day(at: datetime, tz: str | None) -> date:
    """Return the user's day: in the IANA zone `tz` if given, else by the offset of `at`.

    Raises `UnknownZone`, and `ValueError` for a time without offset.
    """
    _require_offset(at)
    return at.date() if tz is None else at.astimezone(zone(tz)).date()


def period_of(at: datetime) -> int:
    """Return the month whose key seals the event, as yyyymm.

    It is the month in UTC, whatever the user's zone: keys expire by a cutoff that is one instant.
    """
    _require_offset(at)
    moment = at.astimezone(UTC)
    return moment.year * 100 + moment.month


def offset_minutes(at: datetime, tz: str | None) -> int:
    """Return how far the user's clock was ahead of UTC, in whole minutes.

    Raises `UnknownZone`, and `ValueError` for a time without offset.
    """
    _require_offset(at)
    local = at if tz is None else at.astimezone(zone(tz))
    return int((local.utcoffset() or timedelta()).total_seconds() // 60)


def day_number(day: date) -> int:
    """Return the days from 1970-01-01 to `day`."""
    return day.toordinal() - _EPOCH


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name; raises `UnknownZone`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, a path, the name of a folder
        raise UnknownZone("the time zone is not in the IANA database") from None


def _require_offset(at: datetime) -> None:
    if at.utcoffset() is None:
        raise ValueError("the time has no offset from UTC")
