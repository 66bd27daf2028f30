"""Chunks are short, in order, cut where people pause, and lose nothing but white space."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.domain.chunks import MAX_CHARACTERS, chunks

texts = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.sampled_from([" ", "\n", ". ", "! ", "。", "\u00a0", "e\u0301", "👩\u200d🚀", "word "]),
    ),
    max_size=80,
).map("".join)
limits = st.integers(1, 100)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(texts, limits)
def test_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    assert squeezed("".join(chunks(text, limit))) == squeezed(text)


@given(texts, limits)
def test_pieces_are_trimmed_and_within_the_limit(text: str, limit: int) -> None:
    pieces = chunks(text, limit)

    assert all(0 < len(piece) <= limit for piece in pieces)
    assert all(piece == piece.strip() for piece in pieces)


@given(texts, limits)
def test_a_hostile_text_makes_no_flood_of_pieces(text: str, limit: int) -> None:
    assert len(chunks(text, limit)) <= 1 + 3 * len(text) / limit


@given(texts, limits)
def test_words_that_fit_are_not_torn(text: str, limit: int) -> None:
    assume(all(len(word) <= limit for word in text.split()))
    assume(not set("\u3002\uff01\uff1f") & set(text))

    assert " ".join(chunks(text, limit)).split() == text.split()


@given(st.text(max_size=MAX_CHARACTERS))
def test_a_short_text_is_one_piece(text: str) -> None:
    assert chunks(text) == ([text.strip()] if text.strip() else [])


def test_white_space_alone_has_no_pieces() -> None:
    assert chunks(" \n\t\u2003" * 500) == []


def test_the_limit_is_400_characters() -> None:
    assert [len(piece) for piece in chunks("x" * 1000)] == [400, 400, 200]


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("One two. Three four. Five.", 22, ["One two. Three four.", "Five."]),
        ("One two. Three four. Five.", 20, ["One two. Three four.", "Five."]),
        ("One two. Three four. Five.", 19, ["One two.", "Three four. Five."]),
        ('He said "No." Then left.', 15, ['He said "No."', "Then left."]),
        ("version 3.14 of it all", 12, ["version 3.14", "of it all"]),
        ("a line\nanother longer line", 21, ["a line", "another longer line"]),
        ("a line  \n\n another longer", 21, ["a line", "another longer"]),
        ("今日は。いい天気。ですね", 9, ["今日は。いい天気。", "ですね"]),
        ("今日は。いい天気。ですね", 8, ["今日は。", "いい天気。ですね"]),
        ("one two three", 9, ["one two", "three"]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij klm", 4, ["abcd", "efgh", "ij", "klm"]),
        ("abcd   efgh", 4, ["abcd", "efgh"]),
        ("really?! yes", 9, ["really?!", "yes"]),
    ],
)
def test_cuts_by_hand(text: str, limit: int, pieces: list[str]) -> None:
    assert chunks(text, limit) == pieces


@pytest.mark.parametrize("drawn_as_one", ["e\u0301", "👍🏽", "👩\u200d🚀", "ก\u0e31", "☀\ufe0f"])
def test_a_combined_character_stays_whole(drawn_as_one: str) -> None:
    pieces = chunks(drawn_as_one * 50, 7)

    assert all(len(piece) % len(drawn_as_one) == 0 for piece in pieces)


def test_an_endless_combined_character_is_cut_all_the_same() -> None:
    pieces = chunks("e" + "\u0301" * 1000)

    assert [len(piece) for piece in pieces] == [400, 400, 201]
