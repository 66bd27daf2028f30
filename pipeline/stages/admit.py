"""Admit: validates, dedupes and seals the public topic's records into the journal.

The steps are numbered as in the protocol: 1 decode, 2 commit keys, 3 ledger, 4 produce, 5 commit.
A crash between 4 and 5 leaves records in the journal twice, with the same source offset; views
drop the second.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pipeline.adapters.kafka.producer import Record as Outgoing
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.keyring import Keyring, User, UserKeys
from pipeline.adapters.postgres.ledger import Verdict, enter
from pipeline.adapters.postgres.subjects import Sealing, Subjects
from pipeline.adapters.postgres.tables import admission
from pipeline.adapters.postgres.watermarks import (
    AdmitMark,
    advance_admission,
    begin_admission,
    lock_admission,
    note_sent_on,
    positions,
)
from pipeline.domain.crypto import ContentKey
from pipeline.errors import FatalError
from pipeline.metrics import (
    DEAD_LETTERS,
    FRESHNESS_SECONDS,
    PREPARE_SECONDS,
    RECORDS,
    STORE_SECONDS,
)
from pipeline.stage import Record
from pipeline.stages.admission import (
    ID_CONFLICT,
    ORIGIN,
    Candidate,
    Identity,
    Rejected,
    examine,
    ledger_entry,
    origin_of,
    position_name,
    sealed,
    sealing,
)
from schemas.events import EVERYONE, dump_event

log = logging.getLogger(__name__)

WARN_EVERY_SECONDS = 60.0
MISROUTED = (
    "admit: %d records came to another partition than their user's; they are sent on, which costs "
    "twice: set the producer's partitioner to murmur2 (librdkafka: partitioner=murmur2_random)"
)


class Log(Protocol):
    """Admit's side of Kafka. Every call returns when the broker has acknowledged.

    Raises:
        FatalError: the broker's answer is unknown; only a fresh process may go on.
    """

    async def append(self, partition: int, records: Sequence[Outgoing]) -> int:
        """Append to the journal's partition; returns the offset behind the last record."""
        ...

    async def send_home(self, partition: int, records: Sequence[Outgoing]) -> int:
        """Publish again to a user's home partition; returns the offset behind the last record."""
        ...

    async def start_of(self, partition: int) -> int:
        """The first offset that the public topic's partition still has."""
        ...


class DeadLetters(Protocol):
    """Where records go that cannot be admitted."""

    async def prepare(self, records: Iterable[Record]) -> None:
        """Fetch what `put` will need, before any row is locked."""
        ...

    async def put(self, rejected: Sequence[Rejected]) -> None:
        """Seal and produce; returns when the broker has acknowledged."""
        ...


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A batch after steps 1 and 2: nothing in it depends on the watermark."""

    home: list[Candidate]
    away: list[tuple[int, Candidate]]  # with the home partition
    rejected: list[Rejected]
    epochs: dict[bytes, int]
    keys: dict[Sealing, ContentKey]
    users: dict[User, UserKeys]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A batch after step 3: what becomes of each record that is not settled yet."""

    fresh: list[Candidate]
    away: list[tuple[int, Candidate]]
    rejected: list[Rejected]
    duplicates: int


@dataclass(slots=True)
class AdmitStage:
    """Settles records of `chat.events`; record p's journal partition is p."""

    topic: str
    identity: Identity
    engine: AsyncEngine
    keyring: Keyring
    subjects: Subjects
    log: Log
    dead_letters: DeadLetters
    name: str = "admit"
    _warned_at: float = field(default=-WARN_EVERY_SECONDS)

    async def resume_at(self, starts: Mapping[int, int]) -> dict[int, int]:
        """The watermarks, never Kafka's hint; a partition seen for the first time starts now."""
        self.subjects.forget()
        async with transaction(self.engine) as connection:
            known = await positions(connection, admission)
            for partition in starts.keys() - known.keys():
                await begin_admission(connection, partition, starts[partition])
        for partition in starts.keys() & known.keys():
            _refuse_lost(partition, known[partition], starts[partition])
        return {partition: known.get(partition, start) for partition, start in starts.items()}

    async def attempt(self, partition: int, records: Sequence[Record]) -> None:
        """Settle the records: ledger, journal and watermark as one."""
        with PREPARE_SECONDS.labels(self.name).time():
            prepared = await self._prepare(partition, records)
        with STORE_SECONDS.labels(self.name).time():
            async with transaction(self.engine) as connection:
                mark = await lock_admission(connection, partition)
                await self._check_gaps(partition, mark.next, records)
                judged = await self._judge(connection, mark.next, prepared)
                new = await self._produce(partition, mark, judged, prepared)
                sent = await self._send_home(judged.away)
                if judged.rejected:
                    await self.dead_letters.put(judged.rejected)
                if records[-1].offset >= mark.next:
                    await note_sent_on(connection, partition, sent)
                    new = replace(new, next=records[-1].offset + 1)
                    await advance_admission(connection, partition, new)
        self._measure(judged)

    async def attempt_singly(self, _partition: int, _records: Sequence[Record]) -> None:
        """Admit sets nothing aside: what it cannot read is a dead letter, the rest are bugs."""
        raise FatalError("admit met an error that is no record's fault")

    async def _prepare(self, partition: int, records: Sequence[Record]) -> _Prepared:
        """Steps 1 and 2."""
        candidates, rejected = examine(records, self.topic, self.identity)
        await self.dead_letters.prepare(records)
        uids = {c.pid: c.event.user_id for c in candidates}
        subjects = await self.subjects.resolve(uids, partition) if uids else {}
        home, away = [], []
        for candidate in candidates:
            belongs = subjects[candidate.pid].home
            if belongs == partition or candidate.event.user_id == EVERYONE:
                home.append(candidate)
            else:
                away.append((belongs, candidate))
        epochs = {pid: subject.epoch for pid, subject in subjects.items()}
        keys = await self.subjects.sealing_keys(sealing(c, epochs[c.pid]) for c in home)
        users = await self.keyring.users((c.pid, epochs[c.pid]) for c in home)
        return _Prepared(home, away, rejected, epochs, keys, users)

    async def _judge(self, connection: AsyncConnection, next_: int, prepared: _Prepared) -> _Judged:
        """Step 3: drop what is settled, and ask the ledger about the rest."""
        home = [c for c in prepared.home if c.record.offset >= next_]
        entries = [ledger_entry(c, prepared.users[c.pid, prepared.epochs[c.pid]]) for c in home]
        verdicts = await enter(connection, entries)
        judged = list(zip(home, verdicts, strict=True))
        conflicts = [Rejected(c.record, ID_CONFLICT) for c, v in judged if v is Verdict.CONFLICT]
        return _Judged(
            fresh=[c for c, v in judged if v is Verdict.NEW],
            away=[(p, c) for p, c in prepared.away if c.record.offset >= next_],
            rejected=[r for r in prepared.rejected if r.record.offset >= next_] + conflicts,
            duplicates=verdicts.count(Verdict.DUPLICATE),
        )

    async def _produce(
        self, partition: int, mark: AdmitMark, judged: _Judged, prepared: _Prepared
    ) -> AdmitMark:
        """Step 4: append to the journal; the mark with the new `prev` and journal end."""
        outgoing, prev = [], mark.prev
        for candidate in judged.fresh:
            key = prepared.keys[sealing(candidate, prepared.epochs[candidate.pid])]
            value, headers = sealed(candidate, key, prev)
            timestamp = candidate.record.timestamp_ms
            outgoing.append(Outgoing(candidate.pid, value, timestamp, headers))
            prev = candidate.record.offset + 1
        end = await self.log.append(partition, outgoing) if outgoing else mark.journal_end
        return AdmitMark(mark.next, prev, end)

    async def _send_home(self, away: Sequence[tuple[int, Candidate]]) -> dict[int, int]:
        """Publish again to the home partitions; where each of them then ends."""
        ends = {}
        for partition in sorted({home for home, _ in away}):
            moved = [self._again(c) for home, c in away if home == partition]
            ends[partition] = await self.log.send_home(partition, moved)
        return ends

    def _again(self, candidate: Candidate) -> Outgoing:
        """The same event for its home partition; its id keeps a second sending harmless."""
        event, record = candidate.event, candidate.record
        headers = ((ORIGIN, position_name(*origin_of(record, self.topic))),)
        return Outgoing(event.user_id.encode(), dump_event(event), record.timestamp_ms, headers)

    async def _check_gaps(self, partition: int, next_: int, records: Sequence[Record]) -> None:
        """A gap is legal where a transaction ended; it is a loss where the log starts behind it."""
        for record in records:
            if record.offset > next_:
                _refuse_lost(partition, next_, await self.log.start_of(partition))
                return
            next_ = max(next_, record.offset + 1)

    def _measure(self, judged: _Judged) -> None:
        outcomes = {
            "admitted": len(judged.fresh),
            "duplicate": judged.duplicates,
            "rehomed": len(judged.away),
            "dead_letter": len(judged.rejected),
        }
        for outcome, count in outcomes.items():
            if count:
                RECORDS.labels(self.name, outcome).inc(count)
        for one in judged.rejected:
            DEAD_LETTERS.labels(one.reason).inc()
        now, freshness = time.time(), FRESHNESS_SECONDS.labels(self.name)
        for candidate in judged.fresh:
            freshness.observe(max(0.0, now - candidate.record.timestamp_ms / 1000))
        if judged.away and time.monotonic() - self._warned_at > WARN_EVERY_SECONDS:
            self._warned_at = time.monotonic()
            log.warning(MISROUTED, len(judged.away))


def _refuse_lost(partition: int, next_: int, start: int) -> None:
    if start > next_:
        raise FatalError(
            f"records {next_} to {start - 1} of partition {partition} were trimmed before they "
            f"were admitted; to go on without them: tidemark topics accept-loss {partition}"
        )
