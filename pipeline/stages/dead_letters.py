"""Dead letters: the original record, sealed under the key of its day, on a topic of their own.

The dead letter's own key is the source position; reason and position stand in its headers, content
nowhere.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cachetools import TTLCache
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pipeline.adapters.kafka.log import KafkaLog
from pipeline.adapters.kafka.producer import Record as Outgoing
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.keyring import unwrap
from pipeline.adapters.postgres.tables import dead_letter_keys
from pipeline.domain.crypto import (
    ContentKey,
    Kind,
    Purpose,
    TamperedRecord,
    UnsupportedBox,
    box_header,
    dead_letter_key,
    kek_id_of,
    open_box,
    seal,
)
from pipeline.domain.identity import NO_PID, event_id_at
from pipeline.domain.originals import Original, fits, pack_original, unpack_original
from pipeline.errors import DataError
from pipeline.ports import KeyProvider
from pipeline.stage import Record
from pipeline.stages.admission import POSITION, Rejected, origin_of, position_name

DAY_MS = 86_400_000
FIRST_KVER = 1
TTL_SECONDS = 300.0
MOST_DAYS = 64
TRUNCATED = "truncated"  # header of a letter that does not hold the whole record


@dataclass(slots=True)
class SealedDeadLetters:
    """Seals rejected records and appends them to the partition they came from."""

    topic: str
    engine: AsyncEngine
    provider: KeyProvider
    log: KafkaLog
    _keys: TTLCache[int, ContentKey] = field(
        default_factory=lambda: TTLCache(MOST_DAYS, TTL_SECONDS), repr=False
    )
    _at_hand: dict[int, dict[int, ContentKey]] = field(default_factory=dict, repr=False)

    async def prepare(self, records: Iterable[Record]) -> None:
        """Fetch the keys that letters of these records would need, before any row is locked.

        They stay at hand until the partition's next records come. The cache may lose them
        meanwhile, and fetching them again would take a second connection.

        Raises:
            StoreUnavailable: PostgreSQL is away.
        """
        at_hand: dict[int, dict[int, ContentKey]] = defaultdict(dict)
        for partition, day in {(record.partition, _day(record)) for record in records}:
            at_hand[partition][day] = await self._key(day)
        self._at_hand.update(at_hand)

    async def put(self, rejected: Sequence[Rejected]) -> None:
        """Seal and produce what was prepared for; returns when the broker has acknowledged.

        Raises:
            FatalError: the broker's answer is unknown.
        """
        by_partition: dict[int, list[Outgoing]] = defaultdict(list)
        for one in rejected:
            key = self._at_hand[one.record.partition][_day(one.record)]
            by_partition[one.record.partition].append(self._letter(one, key))
        for partition, letters in by_partition.items():
            await self.log.bury(partition, letters)

    def _letter(self, rejected: Rejected, key: ContentKey) -> Outgoing:
        record = rejected.record
        topic, partition, offset = origin = origin_of(record, self.topic)
        headers: tuple[tuple[str, bytes], ...] = (
            ("reason", rejected.reason.encode()),
            ("topic", topic.encode()),
            ("partition", b"%d" % partition),
            ("offset", b"%d" % offset),
        )
        if not fits(record.key, record.value):
            headers += ((TRUNCATED, b"1"),)
        rid = event_id_at(*origin).bytes
        box = seal(key, Kind.DEAD_LETTER, NO_PID, rid, pack_original(record.key, record.value))
        return Outgoing(position_name(*origin), box, record.timestamp_ms, headers)

    async def _key(self, day: int) -> ContentKey:
        key = self._keys.get(day)
        if key is None:
            key = self._keys[day] = dead_letter_key(await self._dek(day), day)
        return key

    async def _dek(self, day: int) -> bytes:
        """The day's key, made by whoever needs it first and committed before it is used."""
        wrapped = self.provider.wrap(NO_PID, day, Purpose.DEAD_LETTER, FIRST_KVER, os.urandom(32))
        row = {"day": day, "kek_id": kek_id_of(wrapped), "wrapped": wrapped}
        async with transaction(self.engine) as connection:
            await connection.execute(insert(dead_letter_keys).values(row).on_conflict_do_nothing())
            stored = await _wrapped(connection, day)
        assert stored is not None
        return unwrap(self.provider, NO_PID, day, Purpose.DEAD_LETTER, FIRST_KVER, stored)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as its topic holds it; `position` is the original's topic/partition/offset."""

    position: str
    reason: str
    timestamp_ms: int  # when it was written
    box: bytes = field(repr=False)
    whole: bool = True  # a record larger than a letter is cut


def read_letter(record: Record) -> Letter:
    """Return the dead letter in a record; raises `DataError` for what admit has not written."""
    key, reason = record.key or b"", record.headers.get("reason")
    if reason is None or record.value is None or not POSITION.fullmatch(key):
        raise DataError("no_dead_letter")
    whole = TRUNCATED not in record.headers
    said = reason.decode(errors="replace")
    return Letter(key.decode(), said, record.timestamp_ms, record.value, whole)


async def open_letter(
    engine: AsyncEngine, provider: KeyProvider, letter: Letter
) -> Original | None:
    """Return what a dead letter holds; None where the key of its day is destroyed.

    Raises:
        DataError: it does not authenticate.
        StoreUnavailable: PostgreSQL is away.
    """
    try:
        day = box_header(letter.box).epoch
        async with transaction(engine) as connection:
            wrapped = await _wrapped(connection, day)
        if wrapped is None:
            return None
        key = dead_letter_key(
            unwrap(provider, NO_PID, day, Purpose.DEAD_LETTER, FIRST_KVER, wrapped), day
        )
        topic, partition, offset = letter.position.split("/")
        rid = event_id_at(topic, int(partition), int(offset)).bytes
        return unpack_original(open_box(key, Kind.DEAD_LETTER, NO_PID, rid, letter.box))
    except (TamperedRecord, UnsupportedBox):
        raise DataError("tampered") from None


def _day(record: Record) -> int:
    return record.timestamp_ms // DAY_MS


async def _wrapped(connection: AsyncConnection, day: int) -> bytes | None:
    found = await connection.execute(
        select(dead_letter_keys.c.wrapped).where(dead_letter_keys.c.day == day)
    )
    return found.scalar_one_or_none()
