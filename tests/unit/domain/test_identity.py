"""Pseudonyms and derived ids are stable, separate and never repeat what they refuse."""

import hashlib
import hmac
import uuid

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.identity import (
    MAX_UID_BYTES,
    InvalidIdentity,
    event_id_at,
    event_id_of,
    murmur2_partition,
    pid_of,
    point_id_of,
)
from pipeline.domain.utf8 import NotUnicode

K_PID = bytes(range(64, 96))
PID = bytes.fromhex("00112233445566778899aabbccddeeff")
names = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=32
)


def test_a_pid_is_the_cut_mac_of_label_tenant_and_user() -> None:
    expected = hmac.new(K_PID, b"tidemark/v1/pid\0default\0j\xc3\xbcrgen", hashlib.sha256).digest()[
        :16
    ]

    assert pid_of(K_PID, "default", "jürgen") == expected
    assert expected.hex() == "e58e6cd79ff62780fb08e4fdcd3c8bd2"


@given(names, names, names, names)
def test_pids_differ_when_tenant_or_user_differ(t1: str, u1: str, t2: str, u2: str) -> None:
    same = (t1, u1) == (t2, u2)

    assert (pid_of(K_PID, t1, u1) == pid_of(K_PID, t2, u2)) == same


def test_another_key_gives_another_pid() -> None:
    assert pid_of(K_PID, "default", "u") != pid_of(bytes(range(32)), "default", "u")


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "x" * (MAX_UID_BYTES + 1), "é" * 65])
def test_names_that_cannot_be_a_user_or_tenant_are_refused(name: str) -> None:
    with pytest.raises(InvalidIdentity):
        pid_of(K_PID, "default", name)
    with pytest.raises(InvalidIdentity):
        pid_of(K_PID, name, "u")


def test_the_longest_user_id_is_128_bytes() -> None:
    assert len(pid_of(K_PID, "default", "é" * 64)) == 16


def test_a_refusal_does_not_repeat_the_name() -> None:
    with pytest.raises(InvalidIdentity) as refused:
        pid_of(K_PID, "default", "secret\0name")
    with pytest.raises(NotUnicode) as unencodable:
        pid_of(K_PID, "default", "secret\ud800")

    assert "secret" not in str(refused.value)
    assert "secret" not in str(unencodable.value)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_pseudonym_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        pid_of(key, "default", "u")


@given(st.binary(min_size=16, max_size=16), names)
def test_an_event_id_is_the_uuid5_of_the_message_id_in_the_users_space(
    pid: bytes, message_id: str
) -> None:
    assert event_id_of(pid, message_id) == uuid.uuid5(uuid.UUID(bytes=pid), message_id)


def test_an_empty_message_id_names_no_event() -> None:
    with pytest.raises(InvalidIdentity):
        event_id_of(PID, "")


def test_the_id_of_a_position_never_changes() -> None:
    assert str(event_id_at("chat.events", 3, 41)) == "2f80bc5f-22ed-5827-9a83-831a47169c37"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["chat.events", "a.chat.events"]),
            st.integers(0, 99),
            st.integers(0, 2**63 - 1),
        ),
        unique=True,
        max_size=20,
    )
)
def test_positions_have_ids_of_their_own(places: list[tuple[str, int, int]]) -> None:
    assert len({event_id_at(*place) for place in places}) == len(places)


def test_every_chunk_of_every_users_event_has_a_point_of_its_own() -> None:
    event_id = event_id_of(PID, "m1")

    points = [point_id_of(pid, event_id, chunk) for pid in (PID, bytes(16)) for chunk in range(50)]

    assert len({event_id, *points}) == 101
    digest = hashlib.sha1(PID + event_id.bytes + b"/chunk/0").digest()
    assert points[0] == uuid.UUID(bytes=digest[:16], version=5)


@given(st.binary(max_size=64), st.integers(1, 100))
def test_partitions_are_those_of_a_stock_client(key: bytes, partitions: int) -> None:
    everyone = list(range(partitions))

    assert murmur2_partition(key, partitions) == DefaultPartitioner()(key, everyone, everyone)
    assert murmur2_partition(key, 2**31) == murmur2(key) & 0x7FFFFFFF


def test_partitions_of_known_keys() -> None:
    """Hashes published with Kafka's own tests of its Java client."""
    hashes = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }

    assert {key: murmur2_partition(key, 2**31) for key in hashes} == {
        key: value & 0x7FFFFFFF for key, value in hashes.items()
    }
