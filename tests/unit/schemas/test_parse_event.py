"""Reading the record of one event gives the event or a refusal, never anything else."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import InvalidEvent, MessageSent, parse_event
from schemas.refusal import Reason

NOW_MS = 1_794_300_000_000  # November 2026
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

CANARY = "canary-7f3a"
MESSAGE = {
    "type": "chat.message.sent.v1",
    "user_id": "ana",
    "at": "2026-11-10T09:15:02+01:00",
    "role": "user",
    "content": f"Hello {CANARY}",
}


def record(**changes):
    return json.dumps({**MESSAGE, **changes}).encode()


def refused(raw, key=None, timestamp_ms=NOW_MS):
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw, key, timestamp_ms)
    return caught.value


def test_a_message_at_every_limit_is_read():
    raw = record(
        user_id="ä" * 64, content="ä" * 16_384, message_id="x" * 128, at="2000-01-01T00:00:00Z"
    )

    event = parse_event(raw, ("ä" * 64).encode(), NOW_MS)

    assert isinstance(event, MessageSent)


def test_a_key_must_be_the_user_id_but_may_be_absent():
    assert parse_event(record(), None, NOW_MS) == parse_event(record(), b"ana", NOW_MS)
    assert refused(record(), b"bob").reason == Reason.KEY_MISMATCH
    assert refused(record(), b"").reason == Reason.KEY_MISMATCH


def test_an_event_may_be_24_hours_ahead_of_the_broker_and_no_more():
    at_ms = parse_event(record(), None, NOW_MS).at.timestamp() * 1000
    day_ms = 24 * 60 * 60 * 1000

    assert parse_event(record(), None, int(at_ms - day_ms))
    assert refused(record(), None, int(at_ms - day_ms - 1)).reason == Reason.TIME_IN_FUTURE


def test_of_a_key_given_twice_the_last_value_counts():
    raw = record()[:-1] + b',"user_id":"bob"}'

    assert parse_event(raw, b"bob", NOW_MS).user_id == "bob"


def test_fields_of_newer_producers_are_ignored():
    assert parse_event(record(mood={"new": True}), None, NOW_MS) == parse_event(
        record(), None, NOW_MS
    )


ECHOES = [
    record(type=CANARY),
    record(type=f"chat.message.sent.v2{CANARY}"),
    record(tz=CANARY),
    record(role=CANARY),
    record(at=CANARY),
    record(id=CANARY),
    record(metadata={CANARY: {CANARY: "\0"}}),
    record(metadata={CANARY: float("inf")}),
    record(user_id=CANARY * 99),
    record(content=CANARY + "\0"),
    b'{"' + CANARY.encode(),
]


@pytest.mark.parametrize("raw", ECHOES)
def test_a_refusal_never_repeats_what_was_sent(raw):
    error = refused(raw)

    assert CANARY not in f"{error!s} {error!r} {error.args} {error.reason} {error.pointer}"
    assert (error.__cause__, error.__context__) == (None, None)


def parses_or_refuses(raw, key):
    try:
        parse_event(raw, key, NOW_MS)
    except InvalidEvent as error:
        assert error.reason in Reason  # noqa: PT017  nothing else may be raised


@patient
@given(st.binary(max_size=300), st.none() | st.binary(max_size=8))
def test_any_bytes_give_an_event_or_a_refusal(raw, key):
    parses_or_refuses(raw, key)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELD_NAMES = st.sampled_from(["type", "user_id", "at", "tz", "id", "role", "content", "metadata"])


@patient
@given(JSON | st.dictionaries(FIELD_NAMES, JSON))
def test_any_json_gives_an_event_or_a_refusal(value):
    parses_or_refuses(json.dumps(value).encode(), None)


@patient
@given(st.dictionaries(FIELD_NAMES, JSON, max_size=2))
def test_a_message_with_any_field_replaced_gives_an_event_or_a_refusal(changes):
    parses_or_refuses(record(**changes), b"ana")
