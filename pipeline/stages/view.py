"""What a view is: tables, and a handler per event type; and the events that handlers see."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.keyring import KeyName, Keyring, UserKeys
from pipeline.domain.crypto import (
    ContentKey,
    Kind,
    TamperedRecord,
    UnsupportedBox,
    box_header,
    open_box,
)
from pipeline.domain.journal import (
    Envelope,
    Links,
    MalformedEnvelope,
    decode_envelope,
    decode_links,
)
from pipeline.errors import DataError
from pipeline.stage import Record
from schemas.events import Event, EventBase, InvalidEvent, load_event

E_co = TypeVar("E_co", bound=EventBase, covariant=True)


@dataclass(frozen=True, slots=True)
class Opened(Generic[E_co]):
    """A journal event, opened."""

    id: UUID
    pid: bytes
    epoch: int
    partition: int  # the user's home
    seq: int  # source offset: the user's order of arrival
    event: E_co
    keys: UserKeys
    key: ContentKey = field(repr=False)  # seals what is derived from the event


@dataclass(frozen=True, slots=True)
class Batch:
    """Where a handler writes, and what the view's `prepare` made for it."""

    connection: AsyncConnection
    prepared: Any = None


AnyOpened = Opened[Event]
Handler = Callable[[Batch, Sequence[Any]], Awaitable[None]]
Prepare = Callable[[Sequence[AnyOpened]], Awaitable[Any]]


@dataclass(frozen=True)
class View:
    """A view's name (also its schema), its tables, and what it does with each event type.

    A handler gets a run of events of its type, in order; types without one pass by. `prepare`
    does what needs no transaction, once a batch, and its result reaches the handlers. `rids` says
    under which record id a table's box is sealed, given a row.
    """

    name: str
    tables: tuple[Table, ...]
    handlers: Mapping[str, Handler]
    prepare: Prepare | None = None
    rids: Mapping[str, Callable[[Any], bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A journal record, read but not opened."""

    record: Record
    envelope: Envelope
    links: Links
    key_name: KeyName


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A journal record that cannot be opened; `reason` is from a closed set."""

    record: Record
    reason: str


def decode(records: Iterable[Record]) -> list[Decoded]:
    """Read journal records.

    Raises:
        DataError: a record is not what admit writes.
    """
    return [_decoded(record) for record in records]


async def open_records(decoded: Sequence[Decoded], keyring: Keyring) -> list[AnyOpened | None]:
    """Decrypt journal records; None where the user's key is destroyed.

    Raises:
        DataError: a record does not authenticate, or holds no event.
        StoreUnavailable: the keys cannot be fetched now.
    """
    content = await keyring.content(one.key_name for one in decoded)
    users = await keyring.users(one.key_name[:2] for one in decoded)
    return [_opened(one, content.get(one.key_name), users.get(one.key_name[:2])) for one in decoded]


async def open_readable(
    records: Sequence[Record], keyring: Keyring
) -> tuple[list[AnyOpened], list[Unreadable]]:
    """Open what can be opened, and name what cannot; what no key opens is in neither list.

    Raises:
        StoreUnavailable: the keys cannot be fetched now.
    """
    try:
        found = await open_records(decode(records), keyring)
    except DataError as error:
        if len(records) == 1:
            return [], [Unreadable(records[0], error.reason)]
        half = len(records) // 2
        first = await open_readable(records[:half], keyring)
        second = await open_readable(records[half:], keyring)
        return first[0] + second[0], first[1] + second[1]
    return [one for one in found if one is not None], []


async def handle(view: View, batch: Batch, events: Iterable[AnyOpened]) -> None:
    """Give the view's handlers the events, in order and in runs of one type."""
    for type_, run in groupby(events, key=lambda opened: opened.event.type):
        if handler := view.handlers.get(type_):
            await handler(batch, list(run))


def _decoded(record: Record) -> Decoded:
    try:
        links = decode_links(record.headers.items())
        envelope = decode_envelope(record.value or b"")
        header = box_header(envelope.box)
    except MalformedEnvelope as error:
        raise DataError(error.reason) from None
    except UnsupportedBox:
        raise DataError("unsupported_box") from None
    return Decoded(record, envelope, links, (envelope.pid, header.epoch, header.kver))


def _opened(one: Decoded, key: ContentKey | None, keys: UserKeys | None) -> AnyOpened | None:
    if key is None or keys is None:
        return None
    envelope = one.envelope
    try:
        plaintext = open_box(key, Kind.EVENT, envelope.pid, envelope.id.bytes, envelope.box)
        event = load_event(plaintext)
    except TamperedRecord:
        raise DataError("tampered") from None
    except UnsupportedBox:
        raise DataError("unsupported_box") from None
    except InvalidEvent as error:
        raise DataError(error.reason) from None
    return Opened(
        id=envelope.id,
        pid=envelope.pid,
        epoch=keys.epoch,
        partition=one.record.partition,
        seq=one.links.src,
        event=event,
        keys=keys,
        key=key,
    )
