"""What admit decides about a record of the public topic, before any store is asked."""

import hmac
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pipeline.adapters.postgres.keyring import UserKeys
from pipeline.adapters.postgres.ledger import Entry
from pipeline.adapters.postgres.subjects import DURABLE, Sealing
from pipeline.domain.crypto import ContentKey, Kind, seal
from pipeline.domain.days import period_of
from pipeline.domain.identity import event_id_at, event_id_of, pid_of
from pipeline.domain.journal import Envelope, Links, encode_envelope, encode_links
from pipeline.stage import Record
from schemas.events import Event, InvalidEvent, canonical_payload, dump_event, parse_event

log = logging.getLogger(__name__)

POSITION = re.compile(rb"([A-Za-z0-9._-]{1,249})/([0-9]{1,5})/([0-9]{1,19})")

HEARTBEAT = "tidemark-heartbeat"  # header of the janitor's records, which roll a segment
ORIGIN = "tidemark-origin"  # header of a record sent on or replayed: where it first lay
MAC_BYTES = 16
ID_CONFLICT = "id_conflict"
UNDECODABLE = "undecodable"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A valid event that the ledger has not judged yet; `event.id` is set."""

    record: Record
    event: Event
    pid: bytes
    event_id: UUID

    @property
    def period(self) -> int:
        """The month whose key seals it, or `DURABLE`."""
        return DURABLE if self.event.durable else period_of(self.event.at)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be admitted; `reason` is from a closed set."""

    record: Record
    reason: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What turns user ids into pseudonyms."""

    pid_key: bytes
    tenant: str


def examine(
    records: Iterable[Record], topic: str, identity: Identity
) -> tuple[list[Candidate], list[Rejected]]:
    """Split records into candidates and rejected ones; heartbeats are neither."""
    candidates: list[Candidate] = []
    rejected: list[Rejected] = []
    for record in records:
        if _is_heartbeat(record):
            continue
        try:
            candidates.append(_candidate(record, topic, identity))
        except InvalidEvent as error:
            rejected.append(Rejected(record, str(error.reason)))
        except Exception as error:  # noqa: BLE001  no record may stop everyone's memory
            log.error("admit: cannot decode: %s", type(error).__name__)  # noqa: TRY400
            rejected.append(Rejected(record, UNDECODABLE))
    return candidates, rejected


def ledger_entry(candidate: Candidate, keys: UserKeys) -> Entry:
    """The event as the ledger compares it: a retry with another time or source is the same."""
    mac = hmac.digest(keys.ledger, canonical_payload(candidate.event), "sha256")[:MAC_BYTES]
    return Entry(candidate.pid, candidate.event_id, mac, candidate.record.offset)


def sealed(
    candidate: Candidate, key: ContentKey, prev: int
) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """The journal record's value and headers."""
    event = candidate.event
    box = seal(key, Kind.EVENT, candidate.pid, candidate.event_id.bytes, dump_event(event))
    at = event.at.isoformat()
    envelope = Envelope(candidate.event_id, candidate.pid, event.type, at, box)
    return encode_envelope(envelope), tuple(encode_links(Links(candidate.record.offset, prev)))


def sealing(candidate: Candidate, epoch: int) -> Sealing:
    """Which of the user's keys seals the event."""
    return candidate.pid, epoch, candidate.period


def origin_of(record: Record, topic: str) -> tuple[str, int, int]:
    """Topic, partition and offset where the record first lay.

    Of a record that was sent on or replayed that is what its header says. Anybody may forge it, and
    gains no more than by choosing an `id`.
    """
    named = POSITION.fullmatch(record.headers.get(ORIGIN, b""))
    if named is None:
        return topic, record.partition, record.offset
    return named[1].decode(), int(named[2]), int(named[3])


def position_name(topic: str, partition: int, offset: int) -> bytes:
    """A position as headers and keys carry it."""
    return f"{topic}/{partition}/{offset}".encode()


def _is_heartbeat(record: Record) -> bool:
    """Whether the record holds nothing: the header alone, which anybody may set, drops nothing."""
    return HEARTBEAT in record.headers and record.key is None and not record.value


def _candidate(record: Record, topic: str, identity: Identity) -> Candidate:
    event = parse_event(record.value, record.key, record.timestamp_ms)
    pid = pid_of(identity.pid_key, identity.tenant, event.user_id)
    event_id = event.id
    if event_id is None and event.message_id is not None:
        event_id = event_id_of(pid, event.message_id)
    if event_id is None:
        event_id = event_id_at(*origin_of(record, topic))
    if event.id is None:
        event = event.model_copy(update={"id": event_id})
    return Candidate(record, event, pid, event_id)
