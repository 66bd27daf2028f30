"""Days are the user's own, months are UTC, and neither asks the clock."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.days import (
    UnknownZone,
    day_number,
    local_day,
    offset_minutes,
    period_of,
    zone,
)

NEW_YEAR = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)

offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
times = st.datetimes(
    datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2100-01-01"), timezones=offsets
)


@pytest.mark.parametrize(
    ("at", "tz", "day"),
    [
        (NEW_YEAR, None, date(2026, 1, 1)),
        (NEW_YEAR, "America/New_York", date(2025, 12, 31)),
        (NEW_YEAR, "Asia/Tokyo", date(2026, 1, 1)),
        (NEW_YEAR.replace(hour=15), "Asia/Tokyo", date(2026, 1, 2)),
        (NEW_YEAR.astimezone(timezone(timedelta(hours=-8))), None, date(2025, 12, 31)),
        (NEW_YEAR.astimezone(timezone(timedelta(hours=-8))), "UTC", date(2026, 1, 1)),
        # The clocks of Berlin go forward at 01:00 UTC on this day.
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 28)),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 29)),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 30)),
    ],
)
def test_the_day_is_that_of_the_zone_or_else_of_the_offset(
    at: datetime, tz: str | None, day: date
) -> None:
    assert local_day(at, tz) == day


@given(times)
def test_an_instant_has_one_day_in_a_zone_whatever_its_offset(at: datetime) -> None:
    assert local_day(at, "Asia/Kathmandu") == local_day(at.astimezone(UTC), "Asia/Kathmandu")
    assert local_day(at, None) == at.date()


@given(times)
def test_the_period_is_the_month_in_utc(at: datetime) -> None:
    assert f"{period_of(at)}" == at.astimezone(UTC).strftime("%Y%m")


def test_the_period_of_new_years_eve_in_california() -> None:
    assert period_of(datetime.fromisoformat("2025-12-31T17:00:00-08:00")) == 202601


def test_a_time_without_offset_has_no_day_and_no_period() -> None:
    naive = datetime.fromisoformat("2026-01-01")

    with pytest.raises(ValueError, match="offset"):
        local_day(naive, None)
    with pytest.raises(ValueError, match="offset"):
        period_of(naive)
    with pytest.raises(ValueError, match="offset"):
        offset_minutes(naive, None)


@pytest.mark.parametrize(
    ("at", "tz", "minutes"),
    [
        (NEW_YEAR, None, 0),
        (NEW_YEAR, "America/New_York", -300),
        (NEW_YEAR, "Asia/Kathmandu", 345),
        (NEW_YEAR.replace(month=7), "Europe/Berlin", 120),
        (NEW_YEAR.astimezone(timezone(timedelta(hours=-9, minutes=-30))), None, -570),
        (NEW_YEAR.astimezone(timezone(timedelta(hours=-9, minutes=-30))), "UTC", 0),
    ],
)
def test_the_users_clock_is_ahead_of_utc_by(at: datetime, tz: str | None, minutes: int) -> None:
    assert offset_minutes(at, tz) == minutes


@pytest.mark.parametrize(
    "name", ["", "Nowhere", "America", "../UTC", "/etc/passwd", "a\0b", "\ud800", "x" * 5000]
)
def test_an_unknown_zone_is_refused_without_an_echo(name: str) -> None:
    with pytest.raises(UnknownZone) as refused:
        local_day(NEW_YEAR, name)

    assert str(refused.value) == "the time zone is not in the IANA database"


def test_a_zone_is_the_iana_zone_of_that_name() -> None:
    assert zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "number"),
    [(date(1970, 1, 1), 0), (date(1969, 12, 31), -1), (date(2000, 3, 1), 11017)],
)
def test_days_are_counted_from_1970(day: date, number: int) -> None:
    assert day_number(day) == number
