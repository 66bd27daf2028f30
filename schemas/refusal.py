"""Why an event is refused: a closed set of reasons, each with a sentence free of the input."""

from enum import StrEnum
from types import MappingProxyType

from pydantic_core import PydanticCustomError


class Reason(StrEnum):
    """The closed set of reasons; dead letters, metrics and problem documents carry these words."""

    TOMBSTONE = "tombstone"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_TYPE = "missing_type"
    UNKNOWN_TYPE = "unknown_type"
    UNSUPPORTED_VERSION = "unsupported_version"
    SCHEMA = "schema"
    MISSING_USER = "missing_user"
    USER_ID_TOO_LONG = "user_id_too_long"
    RESERVED_USER = "reserved_user"
    KEY_MISMATCH = "key_mismatch"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LONG = "text_too_long"
    NUL_CHARACTER = "nul_character"
    LONE_SURROGATE = "lone_surrogate"
    TIME_WITHOUT_OFFSET = "time_without_offset"
    TIME_BEFORE_2000 = "time_before_2000"
    TIME_IN_FUTURE = "time_in_future"
    UNKNOWN_TIME_ZONE = "unknown_time_zone"


SENTENCES = MappingProxyType(
    {
        Reason.TOMBSTONE: "the record has no value",
        Reason.TOO_LARGE: "the record is larger than 256 KiB",
        Reason.NOT_JSON: "the record is not JSON in UTF-8",
        Reason.TOO_DEEP: "the value is nested too deeply",
        Reason.NOT_AN_OBJECT: "the record is JSON, but not an object",
        Reason.MISSING_TYPE: "the event has no type",
        Reason.UNKNOWN_TYPE: "no event of this type is known",
        Reason.UNSUPPORTED_VERSION: "the type is known, this version of it is not",
        Reason.SCHEMA: "a field is missing or has another shape than its schema",
        Reason.MISSING_USER: "the event names no user",
        Reason.USER_ID_TOO_LONG: "the user id is longer than 128 bytes",
        Reason.RESERVED_USER: "the user id * is reserved for what concerns everyone",
        Reason.KEY_MISMATCH: "the record's key is not the event's user id",
        Reason.EMPTY_TEXT: "the message says nothing and carries no tool call and no error",
        Reason.TEXT_TOO_LONG: "the text is longer than 32 KiB",
        Reason.NUL_CHARACTER: "a text holds the NUL character",
        Reason.LONE_SURROGATE: "a text holds half of a surrogate pair",
        Reason.TIME_WITHOUT_OFFSET: "the time has no offset from UTC",
        Reason.TIME_BEFORE_2000: "the time is before the year 2000",
        Reason.TIME_IN_FUTURE: "the time is more than 24 hours ahead of the broker's",
        Reason.UNKNOWN_TIME_ZONE: "the time zone is not in the IANA database",
    }
)

_OWN = frozenset(Reason)


class InvalidEvent(ValueError):  # noqa: N818  names what was found, as the dead letter does
    """A record that is no event. Neither `reason` nor `pointer` nor the text holds any input.

    `pointer` is an RFC 6901 pointer made of field names of our own models and list positions;
    it ends where names chosen by the producer begin. It is "" for the record as a whole.
    """

    def __init__(self, reason: Reason, pointer: str = "") -> None:
        super().__init__(f"{reason}: {SENTENCES[reason]}{f' ({pointer})' if pointer else ''}")
        self.reason = reason
        self.pointer = pointer


def refusal(reason: Reason) -> PydanticCustomError:
    """Return the validation error that carries `reason` out of a Pydantic validator."""
    return PydanticCustomError(reason.value, SENTENCES[reason])


def reason_of(error_type: str) -> Reason:
    """Return the reason that stands for a type of Pydantic's validation errors."""
    if error_type == "string_unicode":  # Python text with half of a surrogate pair
        return Reason.LONE_SURROGATE
    return Reason(error_type) if error_type in _OWN else Reason.SCHEMA
