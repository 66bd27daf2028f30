"""Who is known: one subject by pseudonym, and all of them page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.subjects import ACTIVE, Subject
from pipeline.adapters.postgres.tables import subjects, users


@dataclass(frozen=True, slots=True)
class UserRow:
    """A subject with its sealed name, and what persist counted of it (zero if nothing yet)."""

    pid: bytes
    epoch: int
    name: bytes
    messages: int
    first_at: datetime | None
    last_at: datetime | None


async def find_subject(connection: AsyncConnection, pid: bytes) -> Subject | None:
    """The subject's latest epoch; None for a user that admit has never seen."""
    columns = (subjects.c.pid, subjects.c.epoch, subjects.c.state, subjects.c.home)
    statement = (
        select(*columns).where(subjects.c.pid == pid).order_by(subjects.c.epoch.desc()).limit(1)
    )
    row = (await connection.execute(statement)).one_or_none()
    return Subject(bytes(row.pid), row.epoch, row.state, row.home) if row else None


async def user_page(
    connection: AsyncConnection, after: bytes | None, limit: int
) -> Sequence[UserRow]:
    """Active subjects in ascending order of pid, beginning behind `after`."""
    counts = (users.c.messages, users.c.first_at, users.c.last_at)
    same = (users.c.pid == subjects.c.pid) & (users.c.epoch == subjects.c.epoch)
    statement = (
        select(subjects.c.pid, subjects.c.epoch, subjects.c.name, *counts)
        .join(users, same, isouter=True)
        .where(subjects.c.state == ACTIVE)
        .order_by(subjects.c.pid)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(subjects.c.pid > after)
    rows = await connection.execute(statement)
    return [
        UserRow(
            pid=bytes(row.pid),
            epoch=row.epoch,
            name=bytes(row.name),
            messages=row.messages or 0,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in rows
    ]
