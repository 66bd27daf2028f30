"""Every use has a key of its own, bound to the user and the epoch."""

import hashlib
import hmac
import itertools

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.domain.crypto import (
    Kind,
    TamperedRecord,
    content_key,
    dead_letter_key,
    ledger_key,
    open_box,
    seal,
    segment_key,
    token,
    token_key,
    vector_key,
)
from pipeline.domain.identity import NO_PID, event_id_at
from pipeline.domain.utf8 import NotUnicode

IDX = bytes(range(32, 64))
PID = bytes.fromhex("00112233445566778899aabbccddeeff")
RID = bytes.fromhex("0123456789abcdef0123456789abcdef")


def derived(info: bytes, salt: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(IDX)


def test_the_known_vector_key() -> None:
    known = "e14e5c4db53c33f4e5b0af48cbf0df01761994f8a05b4f9453f6fdb5ec857b05"

    assert vector_key(IDX, PID, 1, 384).hex() == known


def test_subkeys_are_derived_as_published() -> None:
    user = PID + b"\0\2"

    assert token_key(IDX, PID, 2) == derived(b"tidemark/v1/tok", user)
    assert ledger_key(IDX, PID, 2) == derived(b"tidemark/v1/ledger", user)
    assert vector_key(IDX, PID, 2, 768) == derived(b"tidemark/v1/vec-rot", user + b"\3\0")


def test_no_two_uses_users_epochs_or_sizes_share_a_key() -> None:
    keys = [
        make(IDX, pid, epoch)
        for make in (token_key, ledger_key)
        for pid in (PID, RID)
        for epoch in (1, 2)
    ] + [
        vector_key(IDX, pid, epoch, dim)
        for pid in (PID, RID)
        for epoch in (1, 2)
        for dim in (384, 768)
    ]

    assert len(set(keys)) == len(keys)


def test_segments_have_a_key_of_their_own() -> None:
    key = segment_key(IDX, PID, 1, 5)
    box = seal(key, Kind.SEARCH_SEGMENT, PID, RID, b"stems")
    raw = derived(b"tidemark/v1/seg", PID + b"\0\1")
    other = seal(key, Kind.SEARCH_SEGMENT, PID, RID, b"stems", nonce=bytes(12))

    assert (key.epoch, key.kver) == (1, 5)
    assert open_box(key, Kind.SEARCH_SEGMENT, PID, RID, box) == b"stems"
    assert other[20:] == sealed_by_hand(raw, other)
    with pytest.raises(TamperedRecord):
        open_box(segment_key(IDX, PID, 1, 6), Kind.SEARCH_SEGMENT, PID, RID, box)


def sealed_by_hand(raw: bytes, box: bytes) -> bytes:
    padded = b"stems\x80".ljust(32, b"\0")
    return AESGCM(raw).encrypt(box[8:20], padded, b"TMS1" + box[:8] + PID + RID)


def test_dead_letters_are_sealed_under_the_day_and_nobody() -> None:
    rid = event_id_at("chat.events", 3, 41).bytes
    key = dead_letter_key(IDX, 20_000)

    box = seal(key, Kind.DEAD_LETTER, NO_PID, rid, b"what came")

    same = content_key(IDX, bytes(16), 20_000, 1)
    assert (key.epoch, key.kver) == (20_000, 1)
    assert open_box(same, Kind.DEAD_LETTER, NO_PID, rid, box) == b"what came"


def test_a_token_is_the_cut_mac_of_label_and_value() -> None:
    k_tok = token_key(IDX, PID, 1)
    expected = hmac.new(k_tok, b"C\0caf\xc3\xa9", hashlib.sha256).digest()[:8]

    assert token(k_tok, b"C", "café") == expected


def test_tokens_differ_by_user_label_and_value() -> None:
    keys = [token_key(IDX, pid, 1) for pid in (PID, RID)]
    tokens = {
        token(*case) for case in itertools.product(keys, (b"C", b"H", b"S"), ("ai", "general"))
    }

    assert len(tokens) == 12


def test_a_token_of_another_label_or_of_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="none of C, H and S"):
        token(IDX, b"X", "value")  # type: ignore[arg-type]
    with pytest.raises(NotUnicode):
        token(IDX, b"C", "\ud800")
