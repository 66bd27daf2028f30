"""Who admit knows: subjects with their home partition, and the keys new events are sealed under.

Everything here commits in a transaction of its own before the events that need it are produced:
a key that rolled back after use would lose its events.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache, TTLCache
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.keyring import MAX_ENTRIES, TTL_SECONDS, unwrap
from pipeline.adapters.postgres.tables import subjects, user_keys
from pipeline.adapters.postgres.write import insert_new, unnested
from pipeline.domain.crypto import ContentKey, Kind, Purpose, content_key, kek_id_of, seal
from pipeline.ports import KeyProvider

FIRST_EPOCH = 1
ACTIVE = "active"
MOST_KNOWN = 100_000
DURABLE = 0  # the "period" of what does not expire with a month

Sealing = tuple[bytes, int, int]  # pid, epoch, period (yyyymm, or DURABLE)


@dataclass(frozen=True, slots=True)
class Subject:
    """A user as the log knows them; `home` is the partition where admit first saw them."""

    pid: bytes
    epoch: int
    state: str
    home: int


class Subjects:
    """Finds and registers subjects and sealing keys; remembers them until `forget`.

    Admit of the home partition is the only writer, so its memory is right for as long as the
    partition is its own; it forgets at every assignment.
    """

    def __init__(self, engine: AsyncEngine, provider: KeyProvider) -> None:
        self._engine = engine
        self._provider = provider
        self._known: LRUCache[bytes, Subject] = LRUCache(MOST_KNOWN)
        self._sealing: TTLCache[Sealing, ContentKey] = TTLCache(MAX_ENTRIES, TTL_SECONDS)

    def forget(self) -> None:
        """Drop what is remembered: another worker may have written since."""
        self._known.clear()
        self._sealing.clear()

    async def resolve(self, uids: Mapping[bytes, str], home: int) -> dict[bytes, Subject]:
        """The subjects of these pids; who is new is registered with `home` and first keys.

        Raises:
            StoreUnavailable: PostgreSQL is away.
        """
        known = {pid: self._known[pid] for pid in uids if pid in self._known}
        missing = [pid for pid in uids if pid not in known]
        if missing:
            async with transaction(self._engine) as connection:
                found = await _select(connection, missing)
                fresh = {pid: uids[pid] for pid in sorted(missing) if pid not in found}
                if fresh:
                    await self._register(connection, fresh, home)
                    found |= await _select(connection, list(fresh))
            self._known.update(found)
            known |= found
        return known  # not read again: an assignment may have made us forget meanwhile

    async def sealing_keys(self, wanted: Iterable[Sealing]) -> dict[Sealing, ContentKey]:
        """The active keys for these users and months, made and committed when absent.

        Raises:
            StoreUnavailable: PostgreSQL is away.
        """
        wanted = set(wanted)
        known = {one: key for one in wanted if (key := self._sealing.get(one)) is not None}
        if missing := sorted(wanted - known.keys()):
            async with transaction(self._engine) as connection:
                made = await self._make_keys(connection, missing)
            self._sealing.update(made)
            known |= made
        return known

    async def _register(
        self, connection: AsyncConnection, fresh: Mapping[bytes, str], home: int
    ) -> None:
        """Insert subjects with their IDX and durable keys; a racing twin's rows stand."""
        deks = {pid: os.urandom(32) for pid in fresh}
        rows = [
            {
                "pid": pid,
                "epoch": FIRST_EPOCH,
                "state": ACTIVE,
                "home": home,
                "name": _sealed_name(deks[pid], pid, uid),
            }
            for pid, uid in fresh.items()
        ]
        inserted = await connection.execute(
            insert(subjects).on_conflict_do_nothing().returning(subjects.c.pid), rows
        )
        won = [bytes(row.pid) for row in inserted]
        await insert_new(
            connection,
            user_keys,
            [self._row(pid, FIRST_EPOCH, Purpose.IDX, 1, None, os.urandom(32)) for pid in won]
            + [self._row(pid, FIRST_EPOCH, Purpose.DURABLE, 1, None, deks[pid]) for pid in won],
        )

    async def _make_keys(
        self, connection: AsyncConnection, wanted: Sequence[Sealing]
    ) -> dict[Sealing, ContentKey]:
        users = sorted({(pid, epoch) for pid, epoch, _ in wanted})
        await _lock(connection, users)  # numbering and finding are one step
        existing, highest = await self._existing(connection, users)
        rows, made = [], {}
        for pid, epoch, period in wanted:
            if (pid, epoch, period) in existing:
                made[pid, epoch, period] = existing[pid, epoch, period]
                continue
            kver = highest[pid, epoch] = highest.get((pid, epoch), 0) + 1
            dek = os.urandom(32)
            purpose = Purpose.DEK if period else Purpose.DURABLE
            rows.append(self._row(pid, epoch, purpose, kver, period or None, dek))
            made[pid, epoch, period] = content_key(dek, pid, epoch, kver)
        await insert_new(connection, user_keys, rows)
        return made

    async def _existing(
        self, connection: AsyncConnection, users: Sequence[tuple[bytes, int]]
    ) -> tuple[dict[Sealing, ContentKey], dict[tuple[bytes, int], int]]:
        """Every content key of these users by period, and the highest version of each user."""
        table = user_keys
        wanted = unnested([table.c.pid, table.c.epoch])
        statement = (
            select(table)
            .join(wanted, (table.c.pid == wanted.c.pid) & (table.c.epoch == wanted.c.epoch))
            .where(table.c.purpose.in_([Purpose.DEK, Purpose.DURABLE]))
            .order_by(table.c.kver)
        )
        pids, epochs = zip(*users, strict=True)
        existing: dict[Sealing, ContentKey] = {}
        highest: dict[tuple[bytes, int], int] = {}
        for row in await connection.execute(statement, {"pid": list(pids), "epoch": list(epochs)}):
            pid = bytes(row.pid)
            dek = unwrap(
                self._provider, pid, row.epoch, Purpose(row.purpose), row.kver, row.wrapped
            )
            key = content_key(dek, pid, row.epoch, row.kver)
            existing[pid, row.epoch, row.period or DURABLE] = key  # the highest version stays
            highest[pid, row.epoch] = row.kver
        return existing, highest

    def _row(
        self, pid: bytes, epoch: int, purpose: Purpose, kver: int, period: int | None, dek: bytes
    ) -> dict[str, object]:
        wrapped = self._provider.wrap(pid, epoch, purpose, kver, dek)
        return {
            "pid": pid,
            "epoch": epoch,
            "purpose": int(purpose),
            "kver": kver,
            "period": period,
            "kek_id": kek_id_of(wrapped),
            "wrapped": wrapped,
        }


async def homes(connection: AsyncConnection, pids: Sequence[bytes]) -> dict[bytes, Subject]:
    """The subjects of these pids that are known, for readers that register nobody."""
    return await _select(connection, pids)


def _sealed_name(dek: bytes, pid: bytes, uid: str) -> bytes:
    key = content_key(dek, pid, FIRST_EPOCH, 1)
    return seal(key, Kind.PROFILE, pid, pid, uid.encode())


async def _select(connection: AsyncConnection, pids: Sequence[bytes]) -> dict[bytes, Subject]:
    statement = (
        select(subjects.c.pid, subjects.c.epoch, subjects.c.state, subjects.c.home)
        .where(subjects.c.pid.in_(pids))
        .order_by(subjects.c.epoch)
    )
    rows = await connection.execute(statement)
    return {bytes(pid): Subject(bytes(pid), epoch, state, home) for pid, epoch, state, home in rows}


async def _lock(connection: AsyncConnection, users: Sequence[tuple[bytes, int]]) -> None:
    wanted = unnested([subjects.c.pid, subjects.c.epoch])
    pids, epochs = zip(*users, strict=True)
    await connection.execute(
        select(subjects.c.pid)
        .join(wanted, (subjects.c.pid == wanted.c.pid) & (subjects.c.epoch == wanted.c.epoch))
        .order_by(subjects.c.pid)
        .with_for_update(of=subjects),
        {"pid": list(pids), "epoch": list(epochs)},
    )
