"""Pages of messages, conversations and users: one row more is read, to know whether more follow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from api import cursors, problems, said
from api.opening import open_conversations, open_messages, open_names
from api.parts import Parts
from api.problems import ProblemError
from api.reader import Reader, find_reader
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.reads import (
    MessageFilter,
    conversation_page,
    message_page,
    user_page,
)
from pipeline.domain.content import RoleCode
from schemas.events import Role
from schemas.responses import Conversation, ConversationPage, MessagePage, User, UserPage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which messages of a history are wanted; None does not narrow."""

    channel: str | None = None
    conversation_id: str | None = None
    role: Role | None = None


async def message_answer(
    parts: Parts, user: str, filters: Filters, limit: int, cursor: str | None
) -> MessagePage:
    """A page of a user's messages, newest first."""
    before = _place(cursor, cursors.read_message_cursor)
    reader = await find_reader(parts, user)
    if reader is None:
        return MessagePage(messages=())
    limit = min(limit, parts.limits.page)
    async with transaction(parts.engine) as connection:
        where = _where(reader, filters)
        rows = await message_page(connection, reader.subject, where, before, limit + 1)
    shown, more = rows[:limit], len(rows) > limit
    opened = await open_messages(parts.keyring, reader.subject, shown)
    return MessagePage(
        messages=tuple(said.plain(message) for message in opened.values()),
        next_cursor=cursors.message_cursor(shown[-1].at, shown[-1].id) if more else None,
    )


async def conversation_answer(
    parts: Parts, user: str, limit: int, cursor: str | None
) -> ConversationPage:
    """A page of a user's conversations, the latest first."""
    before = _place(cursor, cursors.read_conversation_cursor)
    reader = await find_reader(parts, user)
    if reader is None:
        return ConversationPage(conversations=())
    limit = min(limit, parts.limits.page)
    async with transaction(parts.engine) as connection:
        rows = await conversation_page(connection, reader.subject, before, limit + 1)
    shown, more = rows[:limit], len(rows) > limit
    opened = await open_conversations(parts.keyring, reader.subject, shown)
    last = shown[-1] if more else None
    return ConversationPage(
        conversations=tuple(
            Conversation(
                conversation_id=words.conversation_id,
                channel=words.channel,
                messages=row.messages,
                first_at=row.first_at,
                last_at=row.last_at,
            )
            for row, words in zip(shown, opened, strict=True)
            if words is not None
        ),
        next_cursor=cursors.conversation_cursor(last.last_at, last.token) if last else None,
    )


async def user_answer(parts: Parts, limit: int, cursor: str | None) -> UserPage:
    """A page of all users, in the order of their pseudonyms."""
    after = _place(cursor, cursors.read_user_cursor)
    limit = min(limit, parts.limits.page)
    async with transaction(parts.engine) as connection:
        rows = await user_page(connection, after, limit + 1)
    shown, more = rows[:limit], len(rows) > limit
    names = await open_names(parts.keyring, shown)
    return UserPage(
        users=tuple(
            User(
                user_id=name,
                messages=row.messages,
                first_active=row.first_at,
                last_active=row.last_at,
            )
            for row, name in zip(shown, names, strict=True)
            if name is not None
        ),
        next_cursor=cursors.user_cursor(shown[-1].pid) if more else None,
    )


def _where(reader: Reader, filters: Filters) -> MessageFilter:
    keys, thread = reader.keys, filters.conversation_id
    return MessageFilter(
        roles=(int(RoleCode.of(filters.role)),) if filters.role else (),
        channels=(keys.channel(filters.channel),) if filters.channel else (),
        conversation=None if thread is None else keys.conversation(thread),
    )


def _place(cursor: str | None, read: Callable[[str], T]) -> T | None:
    if cursor is None:
        return None
    try:
        return read(cursor)
    except cursors.InvalidCursor:
        raise ProblemError(problems.INVALID_CURSOR) from None
