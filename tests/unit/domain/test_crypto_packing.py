"""What happens to content before it is sealed: compression that pays, padding that hides."""

import os
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.crypto import (
    BOX_OVERHEAD,
    Kind,
    TamperedRecord,
    box_header,
    content_key,
    open_box,
    seal,
)
from pipeline.domain.crypto.deflate import MAX_INFLATED, deflated, inflated
from pipeline.domain.crypto.padding import pad, padme, unpad

PID = bytes.fromhex("00112233445566778899aabbccddeeff")
RID = bytes.fromhex("0123456789abcdef0123456789abcdef")
KEY = content_key(bytes(range(32)), PID, 1, 1)


def box_of(body: bytes, flags: int, kind: Kind = Kind.EVENT) -> bytes:
    """Seal `body` as it is, as a writer with a defect might."""
    header = bytes([1, 1, flags, kind]) + KEY.stamp
    nonce = os.urandom(12)
    return header + nonce + KEY.ciphers[1].encrypt(nonce, body, b"TMS1" + header + PID + RID)


@pytest.mark.parametrize(
    ("kind", "content", "flags"),
    [
        (Kind.MESSAGE, b"ab" * 256, 3),
        (Kind.SUMMARY, b"ab" * 256, 3),
        (Kind.SEARCH_SEGMENT, b"ab" * 256, 3),
        (Kind.MESSAGE, (b"ab" * 256)[:511], 2),  # too short to bother
        (Kind.MESSAGE, os.urandom(600), 2),  # saves nothing
        (Kind.EVENT, b"ab" * 256, 2),  # may mix what different parties wrote
        (Kind.FACT, b"ab" * 256, 2),
        (Kind.VECTOR_SEGMENT, b"ab" * 256, 0),
    ],
)
def test_only_what_gains_is_compressed(kind: Kind, content: bytes, flags: int) -> None:
    box = seal(KEY, kind, PID, RID, content)

    assert box_header(box).flags == flags
    assert open_box(KEY, kind, PID, RID, box) == content


def test_compression_has_to_save_a_tenth() -> None:
    noise = os.urandom(4096)
    lengths = [n for n in range(1, 4096, 16) if deflated(noise[:n].ljust(4096, b"a")) is not None]

    assert lengths
    assert max(lengths) < 0.9 * 4096
    assert all(len(packed(noise, n)) <= 0.9 * 4096 for n in lengths)


def packed(noise: bytes, n: int) -> bytes:
    found = deflated(noise[:n].ljust(4096, b"a"))
    assert found is not None
    return found


def test_a_bomb_is_refused_and_never_made() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(bytes(MAX_INFLATED + 1)) + packer.flush()

    assert deflated(bytes(MAX_INFLATED + 1)) is None
    with pytest.raises(TamperedRecord):
        inflated(bomb)


def test_the_longest_compressed_content_opens() -> None:
    content = bytes(MAX_INFLATED)

    assert (
        open_box(KEY, Kind.MESSAGE, PID, RID, seal(KEY, Kind.MESSAGE, PID, RID, content)) == content
    )


@pytest.mark.parametrize(
    ("body", "flags"),
    [
        (b"no marker", 2),
        (bytes(32), 2),
        (b"", 2),
        (b"not deflate", 1),
        (zlib.compress(b"x" * 600, wbits=-15)[:-3], 1),
        (zlib.compress(b"x" * 600, wbits=-15) + b"more", 1),
    ],
)
def test_authentic_but_malformed_content_is_refused(body: bytes, flags: int) -> None:
    with pytest.raises(TamperedRecord):
        open_box(KEY, Kind.EVENT, PID, RID, box_of(body, flags))


@given(st.integers(32, 2**40))
def test_padding_costs_at_most_an_eighth(length: int) -> None:
    padded = padme(length + 1)

    assert length < padded
    assert padded * 8 <= length * 9
    assert padme(padded) == padded


@pytest.mark.parametrize(
    ("length", "padded"), [(2, 2), (9, 10), (32, 32), (33, 36), (201, 208), (2001, 2048)]
)
def test_padme_by_hand(length: int, padded: int) -> None:
    assert padme(length) == padded


@given(st.binary(max_size=4096))
def test_unpad_undoes_pad(content: bytes) -> None:
    padded = pad(content)

    assert unpad(padded) == content
    assert len(padded) >= 32
    assert len(padded) == 32 or len(padded) == padme(len(content) + 1)


@pytest.mark.parametrize(
    ("length", "size"), [(0, 68), (31, 68), (32, 72), (200, 244), (2000, 2084)]
)
def test_box_sizes(length: int, size: int) -> None:
    assert len(seal(KEY, Kind.EVENT, PID, RID, bytes(length))) == size
    assert BOX_OVERHEAD == 36
