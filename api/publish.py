"""From events to the log: ids that the answer can name, the users' homes, one position."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from api import problems
from api.invalid import invalid
from api.parts import Parts
from api.problems import ProblemError
from pipeline.adapters.kafka import Record
from pipeline.domain.identity import event_id_of
from pipeline.domain.positions import MAX_POSITIONS, encode_position
from schemas.events import FUTURE_MAX_MS, RECORD_MAX_BYTES, Event, Reason, dump_event
from schemas.responses import Accepted, AcceptedEvent

SOURCE = "api"

_FUTURE = timedelta(milliseconds=FUTURE_MAX_MS)


async def publish(parts: Parts, events: Sequence[Event], now: datetime) -> Accepted:
    """Append events to the log and return once the broker has them.

    Raises:
        ProblemError: an event would become a dead letter; nothing was published.
        StoreUnavailable: Kafka did not acknowledge in time; some may be in the log.
    """
    if any(event.at > now + _FUTURE for event in events):
        field = invalid("/at", Reason.TIME_IN_FUTURE)
        raise ProblemError(problems.INVALID_REQUEST, errors=(field,))
    named = [_named(event, parts.homes.pid(event.user_id)) for event in events]
    records = [_record(event, now) for event in named]
    homes = await parts.homes.find({event.user_id for event in named})
    if len(set(homes.values())) > MAX_POSITIONS:
        raise ProblemError(problems.TOO_LARGE, "its users are in too many partitions: send fewer")
    destined = [
        (homes[event.user_id], record) for event, record in zip(named, records, strict=True)
    ]
    positions = await parts.publisher.publish(destined)
    return Accepted(
        events=tuple(AcceptedEvent(id=_id(e), message_id=e.message_id) for e in named),
        position=encode_position(positions),
    )


def _named(event: Event, pid: bytes) -> Event:
    """The event with an id: its own, that of its `message_id`, or a new one."""
    if event.id is not None:
        return event
    known = event.message_id
    return event.model_copy(update={"id": event_id_of(pid, known) if known else uuid4()})


def _record(event: Event, now: datetime) -> Record:
    value = dump_event(event)
    if len(value) > RECORD_MAX_BYTES:
        raise ProblemError(problems.TOO_LARGE, "an event may take 256 KiB as JSON")
    return Record(event.user_id.encode(), value, round(now.timestamp() * 1000))


def _id(event: Event) -> UUID:
    assert event.id is not None
    return event.id
