"""Usage as answers show it: whose today it is, and which days a session touches."""

from datetime import UTC, date, datetime, timedelta

import pytest

from api.activity import DAYS_SHOWN, local_date, shown_days, since_ms, usage
from pipeline.adapters.postgres.reads import DayRow, UsageRow

NOW = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
HOUR_MS = 3_600_000


def counts(offset_minutes=0):
    return UsageRow(9, 5, NOW - timedelta(days=9), NOW, offset_minutes, 2, 3)


def day(number, sent=1):
    return DayRow(date(2026, 3, number), 2, sent)


def ms(*parts):
    return round(datetime(2026, 3, *parts, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("offset", "current"),
    [(0, 2), (-480, 2), (60, 0)],  # in Oslo it is the 11th already, and a whole day was missed
)
def test_a_streak_lasts_until_a_whole_day_of_the_user_was_missed(offset, current):
    found = usage("ana", counts(offset), [day(8), day(9)], NOW)

    assert (found.current_streak, found.longest_streak) == (current, 2)


def test_a_day_without_a_message_of_the_user_is_not_active():
    found = usage("ana", counts(), [day(8), day(9, sent=0), day(10)], NOW)

    assert (found.active_days, found.current_streak, found.longest_streak) == (2, 1, 1)


def test_a_user_who_never_said_anything_has_zeros():
    found = usage("ana", None, [], NOW)

    assert (found.messages, found.sessions, found.current_streak) == (0, 0, 0)
    assert (found.first_active, found.last_active, found.days) == (None, None, ())


def test_a_session_counts_on_every_day_it_touches():
    sessions = [(ms(8, 23), ms(9, 1)), (ms(9, 12), ms(9, 13)), (ms(1), ms(2))]

    shown = shown_days([day(8), day(9), day(10)], sessions, 0)

    assert [each.sessions for each in shown] == [1, 2, 0]


def test_the_days_of_sessions_are_those_of_the_user():
    sessions = [(ms(8, 23), ms(8, 23, 30))]

    shown = shown_days([day(8), day(9)], sessions, 120)

    assert [each.sessions for each in shown] == [0, 1]


def test_only_the_latest_days_are_shown_oldest_first():
    days = [DayRow(date(2026, 1, 1) + timedelta(days=n), 1, 1) for n in range(DAYS_SHOWN + 5)]

    shown = shown_days(days, [], 0)

    assert [each.day for each in shown] == [row.day for row in days[5:]]


@pytest.mark.parametrize("offset", [-720, 0, 840])
def test_sessions_are_read_from_early_enough_for_any_zone(offset):
    begins = ms(8) - offset * 60_000

    assert since_ms([day(8), day(9)]) <= begins


def test_without_days_no_session_matters():
    assert since_ms([]) > ms(10)
    assert shown_days([], [(0, ms(10))], 0) == []


def test_a_day_begins_where_the_user_is():
    assert local_date(NOW, 0) == date(2026, 3, 10)
    assert local_date(NOW, 60) == date(2026, 3, 11)
    assert local_date(NOW, -1440) == date(2026, 3, 9)
