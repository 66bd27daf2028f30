"""Each way in which a record is no event, and the word for it."""

import json

import pytest

from schemas.events import RECORD_MAX_BYTES, InvalidEvent, parse_event
from schemas.refusal import SENTENCES, Reason, reason_of

NOW_MS = 1_794_300_000_000  # November 2026
MESSAGE = {
    "type": "chat.message.sent.v1",
    "user_id": "ana",
    "at": "2026-11-10T09:15:02+01:00",
    "role": "user",
    "content": "Hello",
}


def record(**changes):
    return json.dumps({**MESSAGE, **changes}).encode()


def without(name):
    return json.dumps({key: MESSAGE[key] for key in MESSAGE if key != name}).encode()


def refused(raw):
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw, None, NOW_MS)
    return caught.value


RECORDS_AS_A_WHOLE = {
    "tombstone": (None, Reason.TOMBSTONE),
    "empty": (b"", Reason.NOT_JSON),
    "words": (b"hello", Reason.NOT_JSON),
    "cut off": (record()[:-1], Reason.NOT_JSON),
    "two values": (record() * 2, Reason.NOT_JSON),
    "byte order mark": (b"\xef\xbb\xbf" + record(), Reason.NOT_JSON),
    "not utf-8": (b'{"a":"\xff"}', Reason.NOT_JSON),
    "raw NUL": (b'{"a":"\x00"}', Reason.NOT_JSON),
    "one byte too many": (b" " * (RECORD_MAX_BYTES + 1), Reason.TOO_LARGE),
    "two MiB": (record(content="x" * 2_097_152), Reason.TOO_LARGE),
    "array": (b"[]", Reason.NOT_AN_OBJECT),
    "null": (b"null", Reason.NOT_AN_OBJECT),
    "number": (b"1e999", Reason.NOT_AN_OBJECT),
    "100,000 brackets": (b"[" * 100_000, Reason.TOO_DEEP),
    "100,000 braces": (b'{"a":' * 40_000, Reason.TOO_DEEP),
    "escaped surrogate": (record(content="\ud800"), Reason.LONE_SURROGATE),
    "surrogate in a name": (record(metadata={"\udc00": 1}), Reason.LONE_SURROGATE),
    "surrogate in bytes": (b'{"a":"\xed\xa0\x80"}', Reason.LONE_SURROGATE),
    "huge integer": (b'{"n":' + b"9" * 5_000 + b"}", Reason.SCHEMA),
}


@pytest.mark.parametrize("case", RECORDS_AS_A_WHOLE)
def test_a_record_that_is_no_event_is_refused_as_a_whole(case):
    raw, reason = RECORDS_AS_A_WHOLE[case]

    error = refused(raw)

    assert (error.reason, error.pointer) == (reason, "")


FIELDS = {
    "no type": (without("type"), Reason.MISSING_TYPE, "/type"),
    "unknown type": (record(type="chat.message.lost.v1"), Reason.UNKNOWN_TYPE, "/type"),
    "type of a number": (record(type=5), Reason.UNKNOWN_TYPE, "/type"),
    "type in a list": (record(type=[MESSAGE["type"]]), Reason.UNKNOWN_TYPE, "/type"),
    "newer version": (record(type="chat.message.sent.v2"), Reason.UNSUPPORTED_VERSION, "/type"),
    "version zero": (record(type="chat.message.sent.v0"), Reason.UNKNOWN_TYPE, "/type"),
    "endless version": (record(type=f"chat.message.sent.v{'9' * 9999}"), "unknown_type", "/type"),
    "no user": (without("user_id"), Reason.MISSING_USER, "/user_id"),
    "empty user": (record(user_id=""), Reason.MISSING_USER, "/user_id"),
    "129 bytes": (record(user_id="ä" * 64 + "x"), Reason.USER_ID_TOO_LONG, "/user_id"),
    "NUL in user": (record(user_id="a\0"), Reason.NUL_CHARACTER, "/user_id"),
    "everyone": (record(user_id="*"), Reason.RESERVED_USER, "/user_id"),
    "no time": (without("at"), Reason.SCHEMA, "/at"),
    "no offset": (record(at="2026-11-10T09:15:02"), Reason.TIME_WITHOUT_OFFSET, "/at"),
    "1970": (record(at="1970-01-01T00:00:00Z"), Reason.TIME_BEFORE_2000, "/at"),
    "not 2000 yet": (record(at="2000-01-01T00:59:59+01:00"), Reason.TIME_BEFORE_2000, "/at"),
    "2100": (record(at="2100-01-01T00:00:00Z"), Reason.TIME_IN_FUTURE, "/at"),
    "end of time": (record(at="9999-12-31T23:59:59-23:59"), Reason.TIME_IN_FUTURE, "/at"),
    "seconds": (record(at=1_794_300_000), Reason.SCHEMA, "/at"),
    "no such day": (record(at="2026-02-30T00:00:00Z"), Reason.SCHEMA, "/at"),
    "unknown zone": (record(tz="Mars/Base"), Reason.UNKNOWN_TIME_ZONE, "/tz"),
    "zone as a path": (record(tz="../../etc/passwd"), Reason.UNKNOWN_TIME_ZONE, "/tz"),
    "folder of zones": (record(tz="Europe"), Reason.UNKNOWN_TIME_ZONE, "/tz"),
    "zone of a machine": (record(tz="localtime"), Reason.UNKNOWN_TIME_ZONE, "/tz"),
    "33 KiB": (record(content="x" * 33 * 1024), Reason.TEXT_TOO_LONG, "/content"),
    "33 KiB in bytes": (record(content="ä" * 16_385), Reason.TEXT_TOO_LONG, "/content"),
    "NUL": (record(content="a\0b"), Reason.NUL_CHARACTER, "/content"),
    "number": (record(content=5), Reason.SCHEMA, "/content"),
    "empty": (record(content=""), Reason.EMPTY_TEXT, "/content"),
    "white space": (record(content=" \n\u2003"), Reason.EMPTY_TEXT, "/content"),
    "role": (record(role="boss"), Reason.SCHEMA, "/role"),
    "long message id": (record(message_id="x" * 129), Reason.SCHEMA, "/message_id"),
    "no uuid": (record(id="7"), Reason.SCHEMA, "/id"),
    "17 levels": (
        record(metadata={"a": json.loads("[" * 16 + "]" * 16)}),
        Reason.TOO_DEEP,
        "/metadata",
    ),
    "NaN": (record(metadata={"a": float("nan")}), Reason.SCHEMA, "/metadata"),
    "beyond 64 bits": (record(metadata={"a": 2**63}), Reason.SCHEMA, "/metadata"),
    "big metadata": (record(metadata={"a": "x" * 33_000}), Reason.TEXT_TOO_LONG, "/metadata"),
    "NUL deep inside": (record(metadata={"a": [{"b": "\0"}]}), Reason.NUL_CHARACTER, "/metadata"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_bad_field_is_refused_with_its_reason_and_place(case):
    raw, reason, pointer = FIELDS[case]

    error = refused(raw)

    assert (error.reason, error.pointer) == (reason, pointer)


def test_every_reason_has_a_sentence_and_stands_for_itself():
    assert set(SENTENCES) == set(Reason)
    assert all(reason_of(reason.value) is reason for reason in Reason)
    assert reason_of("string_unicode") is Reason.LONE_SURROGATE
    assert reason_of("int_parsing") is Reason.SCHEMA
