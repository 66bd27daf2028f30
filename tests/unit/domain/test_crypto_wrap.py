"""Wrapped keys open only in their place, under the key they name."""

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.crypto import (
    WRAPPED_BYTES,
    Kek,
    Purpose,
    TamperedRecord,
    UnknownKek,
    UnsupportedBox,
    aead,
    kek_id_of,
    unwrap_key,
    wrap_key,
)

PID = bytes.fromhex("00112233445566778899aabbccddeeff")
DEK = bytes(range(32))
KEK = Kek(2, bytes(range(100, 132)))
OLD = Kek(1, bytes(range(150, 182)))
WRAPPED = wrap_key(KEK, PID, 3, Purpose.DURABLE, 4, DEK)

u16 = st.integers(0, 0xFFFF)


@given(
    st.integers(2, 2**32 - 1),
    st.binary(min_size=16, max_size=16),
    u16,
    st.sampled_from(Purpose),
    u16,
    st.binary(min_size=32, max_size=32),
)
def test_unwrapping_returns_what_was_wrapped(
    kek_id: int, pid: bytes, epoch: int, purpose: Purpose, kver: int, dek: bytes
) -> None:
    kek = Kek(kek_id, KEK.key)

    wrapped = wrap_key(kek, pid, epoch, purpose, kver, dek)

    assert len(wrapped) == WRAPPED_BYTES
    assert kek_id_of(wrapped) == kek_id
    assert unwrap_key([OLD, kek], pid, epoch, purpose, kver, wrapped) == dek


def test_a_wrapped_key_is_laid_out_as_published() -> None:
    place = b"TMK1" + b"\0\0\0\2" + PID + b"\0\3" + b"\0\4" + b"\0\4"

    assert WRAPPED[:6] == b"\1\2" + b"\0\0\0\2"
    assert AESGCMSIV(KEK.key).decrypt(WRAPPED[6:18], WRAPPED[18:], place) == DEK


def test_a_build_without_gcm_siv_wraps_with_gcm(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_key: bytes) -> AESGCMSIV:
        raise UnsupportedAlgorithm("not in this build")

    monkeypatch.setattr(aead, "AESGCMSIV", missing)
    wrapped = wrap_key(KEK, PID, 3, Purpose.DEK, 4, DEK)
    place = b"TMK1" + b"\0\0\0\2" + PID + b"\0\3" + b"\0\1" + b"\0\4"

    assert wrapped[:6] == b"\1\1" + b"\0\0\0\2"
    assert AESGCM(KEK.key).decrypt(wrapped[6:18], wrapped[18:], place) == DEK
    with pytest.raises(UnsupportedBox, match="OpenSSL"):
        unwrap_key([KEK], PID, 3, Purpose.DURABLE, 4, WRAPPED)


@pytest.mark.parametrize(
    ("pid", "epoch", "purpose", "kver"),
    [
        (bytes(16), 3, Purpose.DURABLE, 4),
        (PID, 2, Purpose.DURABLE, 4),
        (PID, 3, Purpose.DEK, 4),
        (PID, 3, Purpose.DURABLE, 5),
    ],
)
def test_a_key_does_not_open_in_another_place(
    pid: bytes, epoch: int, purpose: Purpose, kver: int
) -> None:
    with pytest.raises(TamperedRecord):
        unwrap_key([KEK], pid, epoch, purpose, kver, WRAPPED)


@given(st.integers(0, WRAPPED_BYTES * 8 - 1))
def test_a_flipped_bit_is_refused(bit: int) -> None:
    flipped = bytearray(WRAPPED)
    flipped[bit // 8] ^= 1 << bit % 8

    with pytest.raises((TamperedRecord, UnsupportedBox, UnknownKek)):
        unwrap_key([KEK], PID, 3, Purpose.DURABLE, 4, bytes(flipped))


def test_the_same_id_with_another_key_is_refused() -> None:
    with pytest.raises(TamperedRecord):
        unwrap_key([Kek(2, OLD.key)], PID, 3, Purpose.DURABLE, 4, WRAPPED)


def test_an_unknown_kek_is_named_as_such() -> None:
    with pytest.raises(UnknownKek):
        unwrap_key([OLD], PID, 3, Purpose.DURABLE, 4, WRAPPED)


@pytest.mark.parametrize(
    "wrapped",
    [b"", WRAPPED[:-1], WRAPPED + b"\0", b"\2" + WRAPPED[1:], b"\1\3" + WRAPPED[2:]],
)
def test_an_unknown_format_is_told_from_tampering(wrapped: bytes) -> None:
    with pytest.raises(UnsupportedBox):
        kek_id_of(wrapped)


def test_only_whole_keys_and_pids_are_wrapped() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        wrap_key(KEK, PID, 1, Purpose.DEK, 1, DEK[:16])
    with pytest.raises(ValueError, match="16 bytes"):
        wrap_key(KEK, PID[:8], 1, Purpose.DEK, 1, DEK)


def test_keys_do_not_show() -> None:
    assert repr(KEK) == "Kek(id=2)"
