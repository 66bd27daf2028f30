"""Position tokens come back as they were issued, and nothing else is accepted."""

import base64
import re
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.positions import (
    MAX_POSITIONS,
    InvalidPosition,
    Position,
    decode_position,
    encode_position,
    merge_positions,
)

positions = st.lists(
    st.builds(Position, st.integers(0, 0xFFFF), st.integers(0, 2**63 - 1)), min_size=1, max_size=64
)


def raw_token(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@given(positions)
def test_decoding_returns_the_furthest_positions(issued: list[Position]) -> None:
    token = encode_position(issued)

    assert decode_position(token) == merge_positions(issued)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,855}", token)


@given(positions, st.randoms())
def test_merging_keeps_the_maximum_of_each_partition(issued: list[Position], random) -> None:
    shuffled = issued * 2
    random.shuffle(shuffled)
    merged = merge_positions(shuffled)

    assert merged == merge_positions(issued)
    assert [p.partition for p in merged] == sorted({p.partition for p in issued})
    assert all(
        p.offset == max(q.offset for q in issued if q.partition == p.partition) for p in merged
    )


def test_a_known_token() -> None:
    assert encode_position([Position(3, 41)]) == "AQADAAAAAAAAACk"
    assert decode_position("AQADAAAAAAAAACk") == (Position(3, 41),)


@given(st.text(max_size=40))
def test_a_made_up_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidPosition):
        decode_position(text)


@given(positions, st.integers(0, 854), st.sampled_from("A_-z"))
def test_a_changed_token_is_another_position_or_none(
    issued: list[Position], at: int, character: str
) -> None:
    token = encode_position(issued)
    changed = token[: at % len(token)] + character + token[at % len(token) + 1 :]

    with suppress(InvalidPosition):
        assert encode_position(decode_position(changed)) == changed


def test_a_refusal_does_not_repeat_the_token() -> None:
    with pytest.raises(InvalidPosition) as refused:
        decode_position("secret")

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "é",
        "!!!!",
        "AQADAAAAAAAAACk=",
        "AQADAAAAAAAAACl",  # bits beyond the last byte
        raw_token(b"\x01"),
        raw_token(b"\x02" + struct.pack(">HQ", 3, 41)),
        raw_token(b"\x01" + struct.pack(">HQ", 3, 41)[:-1]),
        raw_token(b"\x01" + struct.pack(">HQ", 3, 2**63)),
        raw_token(b"\x01" + struct.pack(">HQHQ", 3, 41, 2, 41)),
        raw_token(b"\x01" + struct.pack(">HQHQ", 3, 41, 3, 41)),
        raw_token(b"\x01" + b"".join(struct.pack(">HQ", p, 1) for p in range(65))),
        "A" * 10_000_000,
    ],
)
def test_a_token_that_was_never_issued_is_refused(token: str) -> None:
    with pytest.raises(InvalidPosition):
        decode_position(token)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("A" * 856, "too long"),
        ("!!!!", "not base64"),
        (raw_token(b"\x02" + struct.pack(">HQ", 3, 41)), "unknown version"),
        (raw_token(b"\x01" + struct.pack(">HQHQ", 3, 41, 2, 41)), "canonical"),
    ],
)
def test_a_refusal_says_what_is_wrong(token: str, reason: str) -> None:
    with pytest.raises(InvalidPosition, match=reason):
        decode_position(token)


@pytest.mark.parametrize(
    "issued",
    [
        [],
        [Position(p, 0) for p in range(MAX_POSITIONS + 1)],
        [Position(-1, 0)],
        [Position(0x10000, 0)],
        [Position(0, -1)],
        [Position(0, 2**63)],
    ],
)
def test_what_is_no_set_of_positions_gets_no_token(issued: list[Position]) -> None:
    with pytest.raises(InvalidPosition):
        encode_position(issued)
