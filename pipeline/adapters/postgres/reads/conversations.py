"""A user's conversations, still sealed, page by page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import LargeBinary, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.subjects import Subject
from pipeline.adapters.postgres.tables import conversations


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation: its token, its counts, and the box that holds its name."""

    token: bytes
    messages: int
    first_at: datetime
    last_at: datetime
    box: bytes


async def conversation_page(
    connection: AsyncConnection,
    subject: Subject,
    before: tuple[datetime, bytes] | None,
    limit: int,
) -> list[ConversationRow]:
    """Conversations older than `before` by (last message, token), the latest first."""
    table = conversations
    statement = (
        select(table)
        .where(table.c.pid == subject.pid, table.c.epoch == subject.epoch)
        .order_by(table.c.last_at.desc(), table.c.conversation.desc())
        .limit(limit)
    )
    if before is not None:
        place = tuple_(table.c.last_at, table.c.conversation)
        statement = statement.where(
            place < tuple_(literal(before[0]), literal(before[1], LargeBinary))
        )
    return [
        ConversationRow(
            bytes(row.conversation), row.messages, row.first_at, row.last_at, bytes(row.box)
        )
        for row in await connection.execute(statement)
    ]
