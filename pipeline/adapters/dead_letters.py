"""Dead letters: the original record, sealed under the key of its day, on a topic of their own.

The sealed plaintext is the original's key and then its value, each as `i32 length | bytes`,
big-endian, length -1 for none. The dead letter's own key is the source position; reason and
position stand in its headers, content nowhere.
"""

import os
import struct
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.kafka.log import KafkaLog
from pipeline.adapters.kafka.producer import Record as Outgoing
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import dead_letter_keys
from pipeline.admission import Rejected, origin_of
from pipeline.domain.crypto import ContentKey, Kind, Purpose, dead_letter_key, kek_id_of, seal
from pipeline.domain.identity import NO_PID, event_id_at
from pipeline.ports import KeyProvider
from pipeline.stage import Record

DAY_MS = 86_400_000
FIRST_KVER = 1


@dataclass(slots=True)
class SealedDeadLetters:
    """Seals rejected records and appends them to the partition they came from."""

    topic: str
    engine: AsyncEngine
    provider: KeyProvider
    log: KafkaLog
    _keys: dict[int, ContentKey] = field(default_factory=dict)

    async def put(self, rejected: Sequence[Rejected]) -> None:
        """Seal and produce; returns when the broker has acknowledged.

        Raises:
            StoreUnavailable: the day's key cannot be fetched or made now.
            FatalError: the broker's answer is unknown.
        """
        by_partition: dict[int, list[Outgoing]] = defaultdict(list)
        for one in rejected:
            key = await self._key(one.record.timestamp_ms // DAY_MS)
            by_partition[one.record.partition].append(self._letter(one, key))
        for partition, letters in by_partition.items():
            await self.log.bury(partition, letters)

    def _letter(self, rejected: Rejected, key: ContentKey) -> Outgoing:
        record = rejected.record
        position = origin_of(record, self.topic)
        topic, partition, offset = position.decode().split("/")
        rid = event_id_at(topic, int(partition), int(offset))
        headers = (
            ("reason", rejected.reason.encode()),
            ("topic", topic.encode()),
            ("partition", partition.encode()),
            ("offset", offset.encode()),
        )
        box = seal(key, Kind.DEAD_LETTER, NO_PID, rid.bytes, pack_original(record))
        return Outgoing(position, box, record.timestamp_ms, headers)

    async def _key(self, day: int) -> ContentKey:
        if day not in self._keys:
            self._keys[day] = dead_letter_key(await self._dek(day), day)
        return self._keys[day]

    async def _dek(self, day: int) -> bytes:
        """The day's key, made by whoever needs it first and committed before it is used."""
        wrapped = self.provider.wrap(NO_PID, day, Purpose.DEAD_LETTER, FIRST_KVER, os.urandom(32))
        row = {"day": day, "kek_id": kek_id_of(wrapped), "wrapped": wrapped}
        async with transaction(self.engine) as connection:
            await connection.execute(insert(dead_letter_keys).values(row).on_conflict_do_nothing())
            stored = await connection.execute(
                select(dead_letter_keys.c.wrapped).where(dead_letter_keys.c.day == day)
            )
            wrapped = stored.scalar_one()
        return self.provider.unwrap(NO_PID, day, Purpose.DEAD_LETTER, FIRST_KVER, wrapped)


def pack_original(record: Record) -> bytes:
    """Key and value of a record as one plaintext."""
    return _part(record.key) + _part(record.value)


def unpack_original(plaintext: bytes) -> tuple[bytes | None, bytes | None]:
    """What `pack_original` took."""
    key, rest = _take(plaintext)
    return key, _take(rest)[0]


def _part(part: bytes | None) -> bytes:
    return struct.pack(">i", -1) if part is None else struct.pack(">i", len(part)) + part


def _take(packed: bytes) -> tuple[bytes | None, bytes]:
    (length,) = struct.unpack_from(">i", packed)
    if length < 0:
        return None, packed[4:]
    return packed[4 : 4 + length], packed[4 + length :]
