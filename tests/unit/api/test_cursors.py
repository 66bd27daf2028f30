"""Cursors: what goes in comes out, and nothing else is taken for one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import cursors
from api.cursors import InvalidCursor, SearchPlace

AT = datetime(2026, 3, 2, 12, 30, 0, 123456, tzinfo=UTC)
ID = UUID(int=0x0123456789ABCDEF0123456789ABCDEF)
PLACE = SearchPlace(0.625, ID, 20, b"12345678")

READERS = [
    cursors.read_message_cursor,
    cursors.read_conversation_cursor,
    cursors.read_user_cursor,
    lambda cursor: cursors.read_search_cursor(cursor, PLACE.request),
]


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_place_in_a_history_is_kept_to_the_microsecond(at, id_):
    assert cursors.read_message_cursor(cursors.message_cursor(at, id_)) == (at, id_)


@given(st.floats(-2, 2), st.uuids(), st.integers(0, 2000))
def test_a_place_in_a_search_is_kept_exactly(score, id_, seen):
    place = SearchPlace(score, id_, seen, b"12345678")

    assert cursors.read_search_cursor(cursors.search_cursor(place), b"12345678") == place


def test_other_listings_keep_their_places_too():
    conversation = cursors.conversation_cursor(AT, b"12345678")

    assert cursors.read_conversation_cursor(conversation) == (AT, b"12345678")
    assert cursors.read_user_cursor(cursors.user_cursor(ID.bytes)) == ID.bytes


@given(st.text(max_size=64))
def test_what_was_not_made_here_is_refused_in_our_words(text):
    for read in READERS:
        with pytest.raises(InvalidCursor):
            read(text)


@pytest.mark.parametrize("own", range(4))
def test_a_cursor_of_one_listing_is_none_of_another(own):
    made = [
        cursors.message_cursor(AT, ID),
        cursors.conversation_cursor(AT, b"12345678"),
        cursors.user_cursor(ID.bytes),
        cursors.search_cursor(PLACE),
    ]

    for i, read in enumerate(READERS):
        if i != own:
            with pytest.raises(InvalidCursor):
                read(made[own])


def test_a_cursor_of_another_search_is_refused():
    with pytest.raises(InvalidCursor):
        cursors.read_search_cursor(cursors.search_cursor(PLACE), b"87654321")


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_orders_nothing_is_refused(score):
    cursor = cursors.search_cursor(SearchPlace(score, ID, 1, b"12345678"))

    with pytest.raises(InvalidCursor):
        cursors.read_search_cursor(cursor, b"12345678")
