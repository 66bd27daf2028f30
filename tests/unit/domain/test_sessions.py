"""Sessions are the same however their parts arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.sessions import GAP_MS, Span, merge_spans

MINUTE = 60_000

spans = st.lists(
    st.builds(
        lambda start, length, count: Span(start * MINUTE, (start + length) * MINUTE, count),
        st.integers(0, 600),
        st.integers(0, 50),
        st.integers(1, 9),
    ),
    max_size=30,
)


def moment(minutes: float) -> Span:
    at = int(minutes * MINUTE)
    return Span(at, at, 1)


def test_the_gap_is_half_an_hour() -> None:
    assert GAP_MS == 30 * MINUTE


@pytest.mark.parametrize(("minutes", "sessions"), [(0, 1), (29.99, 1), (30, 2), (31, 2)])
def test_thirty_minutes_of_silence_end_a_session(minutes: float, sessions: int) -> None:
    assert len(merge_spans([moment(0), moment(minutes)])) == sessions


def test_activity_between_joins_what_was_apart() -> None:
    apart = [moment(0), moment(50)]

    assert merge_spans(apart) == apart
    assert merge_spans([*apart, moment(25)]) == [Span(0, 50 * MINUTE, 3)]


def test_a_span_within_another_adds_only_its_count() -> None:
    assert merge_spans([Span(0, 100, 5), Span(10, 20, 2)]) == [Span(0, 100, 7)]


def test_nothing_merges_to_nothing() -> None:
    assert merge_spans([]) == []


@given(spans, st.randoms(), st.integers(0, 30))
def test_order_and_grouping_do_not_matter(parts: list[Span], random, cut: int) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)
    in_two_steps = merge_spans(merge_spans(shuffled[:cut]) + merge_spans(shuffled[cut:]))

    assert in_two_steps == merge_spans(parts)


@given(spans)
def test_sessions_keep_all_events_and_are_apart(parts: list[Span]) -> None:
    sessions = merge_spans(parts)

    assert sum(s.count for s in sessions) == sum(s.count for s in parts)
    assert all(b.start_ms - a.end_ms >= GAP_MS for a, b in pairwise(sessions))
    assert all(
        any(s.start_ms <= p.start_ms <= p.end_ms <= s.end_ms for s in sessions) for p in parts
    )
    assert merge_spans(sessions) == sessions


def test_a_span_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="ends before"):
        Span(1, 0, 1)
