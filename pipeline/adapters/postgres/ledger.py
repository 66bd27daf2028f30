"""The id ledger: which events of which user were admitted, guarded with what content.

Rows of a user are written only by admit at the user's home partition, inside the transaction that
moves its watermark; so an id is never both fresh twice and never lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.tables import ledger
from pipeline.adapters.postgres.write import unnested


class Verdict(Enum):
    """What the ledger knows of an event."""

    NEW = "new"
    DUPLICATE = "duplicate"  # the same id with the same content
    CONFLICT = "conflict"  # the same id with other content


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the ledger sees it: `mac` is a keyed MAC of its payload."""

    pid: bytes
    event_id: UUID
    mac: bytes
    src: int


async def enter(connection: AsyncConnection, entries: Sequence[Entry]) -> list[Verdict]:
    """Enter events in order, one verdict each; of equal ids in a batch the first is new."""
    first: dict[tuple[bytes, UUID], Entry] = {}
    for entry in entries:
        first.setdefault((entry.pid, entry.event_id), entry)
    fresh = await _insert(connection, list(first.values()))
    known = {key: entry.mac for key, entry in first.items()}
    known |= await _macs(connection, [key for key in first if key not in fresh])
    return [_verdict(entry, first, fresh, known) for entry in entries]


def _verdict(
    entry: Entry,
    first: dict[tuple[bytes, UUID], Entry],
    fresh: set[tuple[bytes, UUID]],
    known: dict[tuple[bytes, UUID], bytes],
) -> Verdict:
    key = (entry.pid, entry.event_id)
    if key in fresh and first[key] is entry:
        return Verdict.NEW
    return Verdict.DUPLICATE if known[key] == entry.mac else Verdict.CONFLICT


async def _insert(connection: AsyncConnection, entries: Sequence[Entry]) -> set[tuple[bytes, UUID]]:
    if not entries:
        return set()
    source = unnested(list(ledger.columns))
    statement = (
        insert(ledger)
        .from_select([c.name for c in ledger.columns], select(*source.columns))
        .on_conflict_do_nothing()
        .returning(ledger.c.pid, ledger.c.event_id)
    )
    rows = await connection.execute(
        statement, {c.name: [getattr(e, c.name) for e in entries] for c in ledger.columns}
    )
    return {(bytes(row.pid), row.event_id) for row in rows}


async def _macs(
    connection: AsyncConnection, keys: Sequence[tuple[bytes, UUID]]
) -> dict[tuple[bytes, UUID], bytes]:
    if not keys:
        return {}
    wanted = unnested([ledger.c.pid, ledger.c.event_id])
    statement = select(ledger.c.pid, ledger.c.event_id, ledger.c.mac).join(
        wanted, (ledger.c.pid == wanted.c.pid) & (ledger.c.event_id == wanted.c.event_id)
    )
    parameters = {"pid": [pid for pid, _ in keys], "event_id": [event for _, event in keys]}
    rows = await connection.execute(statement, parameters)
    return {(bytes(row.pid), row.event_id): bytes(row.mac) for row in rows}
