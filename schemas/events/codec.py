"""Bytes to event and back, and the bytes that a ledger compares."""

import json
from typing import Final

from pydantic import TypeAdapter, ValidationError

from schemas.events.base import EventBase
from schemas.events.catalogue import Event
from schemas.events.diagnosis import diagnose
from schemas.refusal import InvalidEvent, Reason

RECORD_MAX_BYTES: Final = 256 * 1024
FUTURE_MAX_MS: Final = 24 * 60 * 60 * 1000

# What a retry may say differently without being another event.
_NOT_PAYLOAD = frozenset({"type", "id", "message_id", "at", "tz", "source"})

_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Event)


def parse_event(raw: bytes | None, key: bytes | None, timestamp_ms: int) -> Event:
    """Read the record of one event.

    Args:
        raw: The record's value; None is a tombstone.
        key: The record's key, which must be the event's user id where there is one.
        timestamp_ms: The broker's timestamp of the record, milliseconds since 1970.

    Raises:
        InvalidEvent: whatever is wrong with the record; nothing else is raised.
    """
    if raw is None:
        raise InvalidEvent(Reason.TOMBSTONE)
    if len(raw) > RECORD_MAX_BYTES:
        raise InvalidEvent(Reason.TOO_LARGE)
    event = load_event(raw)
    if event.at.timestamp() * 1000 > timestamp_ms + FUTURE_MAX_MS:
        raise InvalidEvent(Reason.TIME_IN_FUTURE, "/at")
    if key is not None and key != event.user_id.encode():
        raise InvalidEvent(Reason.KEY_MISMATCH, "/user_id")
    return event


def load_event(raw: bytes) -> Event:
    """Read an event from JSON, whatever record it came in.

    Raises:
        InvalidEvent: it is no event of a known type and version.
    """
    event = _validate(raw)
    # Raised out here, a refusal carries no validation error and so no input as its context.
    if isinstance(event, InvalidEvent):
        raise event
    return event


def _validate(raw: bytes) -> Event | InvalidEvent:
    try:
        return _EVENT.validate_json(raw)
    except ValidationError as error:
        return diagnose(raw, error)


def dump_event(event: EventBase) -> bytes:
    """Write an event as compact JSON in the order of its model, without what was never set.

    `parse_event` of the result gives an equal event with the same fields set.
    """
    if "type" not in event.model_fields_set:
        event = event.model_copy(update={"type": event.type})
    return event.__pydantic_serializer__.to_json(event, exclude_unset=True)


def canonical_payload(event: EventBase) -> bytes:
    """Return what an event says as JSON with sorted keys, the same for every retry of it.

    Leaves out `id`, `message_id`, `at`, `tz` and `source`. A field at its default counts as
    absent, except in a patch; so a field added later, and a default, may never change.
    """
    said = event.model_dump(
        mode="json",
        exclude=set(_NOT_PAYLOAD),
        exclude_unset=event.patch,
        exclude_defaults=not event.patch,
    )
    said["type"] = event.type
    text = json.dumps(
        said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()
