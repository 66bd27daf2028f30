"""Persist: messages, conversations, profiles and the list of users, into PostgreSQL, sealed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from pipeline.adapters.postgres import tables
from pipeline.adapters.postgres.write import insert_new, upsert
from pipeline.domain.content import (
    RID_PROFILE,
    Conversation,
    RoleCode,
    conversation_rid,
    open_profile,
    seal_conversation,
    seal_message,
    seal_profile,
)
from pipeline.domain.profile import patched
from pipeline.stages.view import AnyOpened, Batch, Opened, View
from schemas.events import MessageSent, ProfileUpdated


async def message_sent(batch: Batch, events: Sequence[Opened[MessageSent]]) -> None:
    """Keep every message, and count it for its conversation and its user."""
    await insert_new(batch.connection, tables.messages, [_message(one) for one in events])
    threads = [_conversation(one, name) for one in events if (name := one.event.conversation_id)]
    await upsert(batch.connection, tables.conversations, threads)
    await upsert(batch.connection, tables.users, [_seen(one, 1) for one in events])


async def profile_updated(batch: Batch, events: Sequence[Opened[ProfileUpdated]]) -> None:
    """Apply patches in order."""
    for one in events:
        rev, fields = await _profile(batch, one)
        box = seal_profile(one.key, one.pid, rev + 1, patched(fields, one.event.changes()))
        row = {"pid": one.pid, "epoch": one.epoch, "rev": rev + 1, "box": box}
        await upsert(batch.connection, tables.profiles, [row])
    await upsert(batch.connection, tables.users, [_seen(one, 0) for one in events])


def _message(one: Opened[MessageSent]) -> dict[str, Any]:
    event, thread = one.event, one.event.conversation_id
    return {
        "pid": one.pid,
        "epoch": one.epoch,
        "id": one.id,
        "seq": one.seq,
        "conversation": one.keys.conversation(thread) if thread else None,
        "channel": one.keys.channel(event.channel),
        "role": RoleCode.of(event.role),
        "at": event.at,
        "box": seal_message(one.key, one.pid, one.id, event),
    }


def _conversation(one: Opened[MessageSent], name: str) -> dict[str, Any]:
    event = one.event
    token = one.keys.conversation(name)
    words = Conversation(name, event.channel)
    return {
        "pid": one.pid,
        "epoch": one.epoch,
        "conversation": token,
        "messages": 1,
        "first_at": event.at,
        "last_at": event.at,
        "box": seal_conversation(one.key, one.pid, token, words),
    }


def _seen(one: AnyOpened, messages: int) -> dict[str, Any]:
    at = one.event.at
    user = {"pid": one.pid, "epoch": one.epoch}
    return {**user, "messages": messages, "first_at": at, "last_at": at}


async def _profile(batch: Batch, one: Opened[ProfileUpdated]) -> tuple[int, dict[str, Any]]:
    table = tables.profiles
    statement = select(table.c.rev, table.c.box).where(
        table.c.pid == one.pid, table.c.epoch == one.epoch
    )
    row = (await batch.connection.execute(statement)).one_or_none()
    return (row.rev, open_profile(one.key, one.pid, row.rev, row.box)) if row else (0, {})


VIEW = View(
    name="persist",
    tables=(tables.messages, tables.conversations, tables.profiles, tables.users),
    handlers={
        "chat.message.sent.v1": message_sent,
        "memory.profile.updated.v1": profile_updated,
    },
    rids={
        "messages": lambda row: row["id"].bytes,
        "conversations": lambda row: conversation_rid(row["conversation"]),
        "profiles": lambda _row: RID_PROFILE,
    },
)
