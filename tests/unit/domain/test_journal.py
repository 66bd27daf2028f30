"""Journal records read back as written; whatever else arrives has a reason from a closed set."""

from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.journal import (
    Envelope,
    Links,
    Malformation,
    MalformedEnvelope,
    decode_envelope,
    decode_links,
    encode_envelope,
    encode_links,
)

PID = bytes.fromhex("00112233445566778899aabbccddeeff")
KNOWN = Envelope(
    UUID("5f1c3d0e-8f38-5d42-9c64-1f3f0a2b4c5d"),
    PID,
    "chat.message.sent.v1",
    "2026-03-02T08:00:00+01:00",
    b"\xfb\xff\x00",
)
KNOWN_BYTES = (
    b'{"v":1,"id":"5f1c3d0e-8f38-5d42-9c64-1f3f0a2b4c5d","pid":"00112233445566778899aabbccddeeff",'
    b'"type":"chat.message.sent.v1","at":"2026-03-02T08:00:00+01:00","enc":"dek","box":"-_8A"}'
)
printable = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def changed(**fields: object) -> bytes:
    return orjson.dumps({**orjson.loads(KNOWN_BYTES), **fields})


def without(name: str) -> bytes:
    fields = orjson.loads(KNOWN_BYTES)
    del fields[name]
    return orjson.dumps(fields)


@given(
    st.builds(
        Envelope,
        st.uuids(),
        st.binary(min_size=16, max_size=16),
        printable,
        printable,
        st.binary(max_size=300),
    )
)
def test_decoding_returns_what_was_encoded(envelope: Envelope) -> None:
    assert decode_envelope(encode_envelope(envelope)) == envelope


def test_the_known_record() -> None:
    assert encode_envelope(KNOWN) == KNOWN_BYTES
    assert decode_envelope(KNOWN_BYTES) == KNOWN


def test_fields_of_later_writers_are_ignored() -> None:
    assert decode_envelope(changed(later="field")) == KNOWN


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Malformation.NOT_JSON),
        (b"{", Malformation.NOT_JSON),
        (b"\xff", Malformation.NOT_JSON),
        (b"[]", Malformation.SHAPE),
        (b"null", Malformation.SHAPE),
        (without("v"), Malformation.VERSION),
        (changed(v=2), Malformation.VERSION),
        (changed(v="1"), Malformation.VERSION),
        (without("enc"), Malformation.SEALING),
        (changed(enc="none"), Malformation.SEALING),
        *((without(name), Malformation.SHAPE) for name in ("id", "pid", "type", "at", "box")),
        *(
            (changed(**{name: 5}), Malformation.SHAPE)
            for name in ("id", "pid", "type", "at", "box")
        ),
        (changed(id="no"), Malformation.SHAPE),
        (changed(pid="00"), Malformation.SHAPE),
        (changed(pid="zz" * 16), Malformation.SHAPE),
        (changed(box="!"), Malformation.SHAPE),
        (changed(box="-_8"), Malformation.SHAPE),
        (changed(box="é"), Malformation.SHAPE),
    ],
)
def test_a_malformed_record_has_a_reason(value: bytes, reason: Malformation) -> None:
    with pytest.raises(MalformedEnvelope) as malformed:
        decode_envelope(value)

    assert malformed.value.reason is reason
    assert str(malformed.value) == reason.value


@given(st.binary(max_size=200))
def test_any_bytes_are_either_a_record_or_malformed(value: bytes) -> None:
    with pytest.raises(MalformedEnvelope):
        decode_envelope(value)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_links_come_back_as_written(a: int, b: int) -> None:
    links = Links(src=max(a, b), prev=min(a, b))

    assert decode_links([*encode_links(links), ("other", b"x")]) == links


def test_the_known_headers() -> None:
    assert encode_links(Links(src=41, prev=0)) == [("src", b"41"), ("prev", b"0")]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("src", b"1")],
        [("prev", b"1")],
        [("src", b""), ("prev", b"0")],
        [("src", b"-1"), ("prev", b"0")],
        [("src", b" 1"), ("prev", b"0")],
        [("src", b"1_0"), ("prev", b"0")],
        [("src", "\u0661".encode()), ("prev", b"0")],
        [("src", b"9" * 20), ("prev", b"0")],
        [("src", b"1"), ("prev", b"2")],
        [("src", None), ("prev", b"0")],
    ],
)
def test_headers_that_admit_never_writes_are_malformed(headers) -> None:
    with pytest.raises(MalformedEnvelope) as malformed:
        decode_links(headers)

    assert malformed.value.reason is Malformation.HEADERS
