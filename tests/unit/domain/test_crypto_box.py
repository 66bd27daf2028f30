"""Boxes open for exactly the user, record, kind and key they were sealed for."""

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.domain.crypto import (
    Alg,
    BoxHeader,
    ContentKey,
    Kind,
    TamperedRecord,
    UnsupportedBox,
    aead,
    box_header,
    content_key,
    open_box,
    seal,
)

DEK = bytes(range(32))
PID = bytes.fromhex("00112233445566778899aabbccddeeff")
RID = bytes.fromhex("0123456789abcdef0123456789abcdef")
KEY = content_key(DEK, PID, 1, 1)
KNOWN_CONTENT_KEY = bytes.fromhex(
    "9855b52ffae5468cc4b047122552eab874d80bfc4bf382a3f9d1db4559c5f34e"
)
KNOWN_BOX = bytes.fromhex(
    "0101020100010001000102030405060708090a0b2de0d8b107d99d526b0f28ec8085c5b2"
    "f16265947a9bb623ba36b107cf4e92ed4f1ff531456e56c09f1680e352c26dcc"
)

kinds = st.sampled_from(Kind)
algs = st.sampled_from(Alg)
ids = st.binary(min_size=16, max_size=16)
contents = st.one_of(st.binary(max_size=2000), st.text(max_size=40).map(lambda t: t.encode() * 50))


def test_the_known_box() -> None:
    box = seal(KEY, Kind.MESSAGE, PID, RID, b"hello world", nonce=bytes(range(12)))

    assert box == KNOWN_BOX
    assert open_box(KEY, Kind.MESSAGE, PID, RID, KNOWN_BOX) == b"hello world"
    assert box_header(box) == BoxHeader(1, Alg.AES_256_GCM, 2, Kind.MESSAGE, 1, 1)


def test_the_known_content_key_seals_the_known_box() -> None:
    context = b"TMS1" + KNOWN_BOX[:8] + PID + RID

    opened = AESGCM(KNOWN_CONTENT_KEY).decrypt(KNOWN_BOX[8:20], KNOWN_BOX[20:], context)

    assert opened == b"hello world\x80".ljust(32, b"\0")


@given(kinds, ids, ids, contents, algs)
def test_opening_returns_what_was_sealed(
    kind: Kind, pid: bytes, rid: bytes, content: bytes, alg: Alg
) -> None:
    key = content_key(DEK, pid, 7, 9)

    box = seal(key, kind, pid, rid, content, alg=alg)

    assert open_box(key, kind, pid, rid, box) == content
    assert (box_header(box).alg, box_header(box).kind) == (alg, kind)
    assert (box_header(box).epoch, box_header(box).kver) == (7, 9)


@given(st.integers(0, len(KNOWN_BOX) * 8 - 1))
def test_a_flipped_bit_is_refused(bit: int) -> None:
    flipped = bytearray(KNOWN_BOX)
    flipped[bit // 8] ^= 1 << bit % 8

    with pytest.raises((TamperedRecord, UnsupportedBox)):
        open_box(KEY, Kind.MESSAGE, PID, RID, bytes(flipped))


@given(st.integers(0, len(KNOWN_BOX) - 1))
def test_a_shortened_box_is_refused(length: int) -> None:
    with pytest.raises((TamperedRecord, UnsupportedBox)):
        open_box(KEY, Kind.MESSAGE, PID, RID, KNOWN_BOX[:length])


@given(ids, ids)
def test_another_user_or_record_is_refused(pid: bytes, rid: bytes) -> None:
    assume((pid, rid) != (PID, RID))

    with pytest.raises(TamperedRecord):
        open_box(KEY, Kind.MESSAGE, pid, rid, KNOWN_BOX)


@pytest.mark.parametrize(
    "key",
    [
        content_key(DEK, PID, 1, 2),
        content_key(DEK, PID, 2, 1),
        content_key(bytes(reversed(DEK)), PID, 1, 1),
        content_key(DEK, RID, 1, 1),
    ],
)
def test_another_key_is_refused(key: ContentKey) -> None:
    with pytest.raises(TamperedRecord):
        open_box(key, Kind.MESSAGE, PID, RID, KNOWN_BOX)


def test_another_kind_is_refused() -> None:
    with pytest.raises(TamperedRecord):
        open_box(KEY, Kind.FACT, PID, RID, KNOWN_BOX)


def test_two_boxes_of_one_content_differ() -> None:
    first, second = (seal(KEY, Kind.EVENT, PID, RID, b"same") for _ in range(2))

    assert first[8:20] != second[8:20]
    assert first[20:] != second[20:]


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [(0, 0, "version"), (0, 2, "version"), (1, 0, "alg"), (1, 3, "alg"), (2, 4, "flags")],
)
def test_an_unknown_format_is_told_from_tampering(at: int, value: int, reason: str) -> None:
    box = bytearray(KNOWN_BOX)
    box[at] = value

    with pytest.raises(UnsupportedBox, match=reason):
        open_box(KEY, Kind.MESSAGE, PID, RID, bytes(box))
    with pytest.raises(UnsupportedBox, match=reason):
        box_header(bytes(box))


def test_an_unknown_kind_is_unsupported() -> None:
    with pytest.raises(UnsupportedBox, match="kind"):
        box_header(KNOWN_BOX[:3] + b"\x07" + KNOWN_BOX[4:])


@pytest.mark.parametrize(("pid", "rid"), [(PID[:15], RID + b"\0"), (PID, RID[:8]), (b"", b"")])
def test_ids_of_another_length_are_a_programming_error(pid: bytes, rid: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        seal(KEY, Kind.EVENT, pid, rid, b"")


def test_a_build_without_gcm_siv_still_reads_and_writes_gcm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_key: bytes) -> AESGCMSIV:
        raise UnsupportedAlgorithm("not in this build")

    siv_box = seal(KEY, Kind.EVENT, PID, RID, b"x", alg=Alg.AES_256_GCM_SIV)
    monkeypatch.setattr(aead, "AESGCMSIV", missing)
    old_build = content_key(DEK, PID, 1, 1)

    assert open_box(old_build, Kind.MESSAGE, PID, RID, KNOWN_BOX) == b"hello world"
    with pytest.raises(UnsupportedBox, match="OpenSSL"):
        open_box(old_build, Kind.EVENT, PID, RID, siv_box)
    with pytest.raises(UnsupportedBox, match="OpenSSL"):
        seal(old_build, Kind.EVENT, PID, RID, b"x", alg=Alg.AES_256_GCM_SIV)


def test_keys_do_not_show() -> None:
    shown = repr(KEY)

    assert shown == "ContentKey(epoch=1, kver=1)"
