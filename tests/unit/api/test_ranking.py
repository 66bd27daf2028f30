"""Ranking: each message once, by its best chunk, in an order that pages can continue."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.ranking import behind, ranked
from pipeline.adapters.postgres.reads import MessageRow
from pipeline.ports import Hit

AT = datetime(2026, 3, 2, tzinfo=UTC)


def row(number):
    return MessageRow(UUID(int=number), None, b"channel-", 1, AT, b"")


def hit(number, score):
    return Hit(UUID(int=number), score)


def test_a_message_has_the_score_of_its_best_chunk():
    rows = {UUID(int=1): row(10), UUID(int=2): row(10), UUID(int=3): row(30)}

    found = ranked([hit(1, 0.2), hit(2, 0.9), hit(3, 0.5)], rows)

    assert [(each.row.id.int, each.score) for each in found] == [(10, 0.9), (30, 0.5)]


def test_a_point_without_a_message_is_no_hit():
    assert ranked([hit(1, 0.9)], {}) == []


def test_equal_scores_are_ordered_by_id():
    rows = {UUID(int=n): row(n) for n in (3, 1, 2)}

    found = ranked([hit(n, 0.5) for n in (3, 1, 2)], rows)

    assert [each.row.id.int for each in found] == [1, 2, 3]


@given(
    st.dictionaries(st.integers(1, 50), st.sampled_from([0.1, 0.2, 0.3]), max_size=20),
    st.integers(1, 7),
)
def test_pages_joined_are_the_whole_order(scores, size):
    rows = {UUID(int=n): row(n) for n in scores}
    whole = ranked([hit(n, score) for n, score in scores.items()], rows)

    pages, place = [], None
    while page := behind(whole, place)[:size]:
        pages += page
        place = page[-1].place

    assert pages == whole
