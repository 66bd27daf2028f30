"""Streaks depend on the set of active days and nothing else."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.streaks import Streaks, streaks

TODAY = date(2026, 3, 2)

days = st.lists(st.integers(-40, 2).map(lambda n: TODAY + timedelta(days=n)), max_size=60)


def ago(*numbers: int) -> list[date]:
    return [TODAY - timedelta(days=n) for n in numbers]


@pytest.mark.parametrize(
    ("active", "current", "longest"),
    [
        (ago(0), 1, 1),
        (ago(1), 1, 1),
        (ago(2), 0, 1),
        (ago(0, 1, 2), 3, 3),
        (ago(1, 2, 3), 3, 3),
        (ago(2, 3, 4), 0, 3),
        (ago(0, 2, 3, 4), 1, 3),
        (ago(0, 1, 3, 4), 2, 2),
        (ago(-1, 0), 2, 2),  # the user's day is ahead of ours
        ([date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)], 0, 3),
        ([date(2025, 12, 31), date(2026, 1, 1)], 0, 2),
    ],
)
def test_streaks_by_hand(active: list[date], current: int, longest: int) -> None:
    assert streaks(active, TODAY) == Streaks(current, longest, max(active))


def test_nobody_active_has_no_streak() -> None:
    assert streaks([], TODAY) == Streaks(0, 0, None)


def test_the_first_and_last_days_of_the_calendar_are_days() -> None:
    assert streaks([date.min], date.min) == Streaks(1, 1, date.min)
    assert streaks([date.max], date.max) == Streaks(1, 1, date.max)


@given(days, st.randoms(), st.lists(st.integers(0, 59), max_size=10))
def test_order_and_repetition_do_not_matter(active, random, repeated) -> None:
    again = active + [active[i] for i in repeated if i < len(active)]
    random.shuffle(again)

    assert streaks(again, TODAY) == streaks(active, TODAY)


@given(days)
def test_streaks_agree_with_walking_the_calendar(active: list[date]) -> None:
    longest = current = 0
    for n in range(-45, 4):
        day = TODAY + timedelta(days=n)
        current = current + 1 if day in active else 0
        longest = max(longest, current)
    found = streaks(active, TODAY)

    assert found.longest == longest
    assert found.last_active == max(active, default=None)
    assert 0 <= found.current <= found.longest
    assert (found.current > 0) == any(day >= TODAY - timedelta(days=1) for day in active)


@given(days)
def test_a_missed_day_ends_the_current_streak_only(active: list[date]) -> None:
    later = streaks(active, TODAY + timedelta(days=5))

    assert later.current == 0
    assert later.longest == streaks(active, TODAY).longest
