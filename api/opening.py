"""From sealed rows to what was said. What no key opens any more is left out, as if never there."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from pipeline.adapters.postgres.keyring import KeyName, Keyring, UserKeys
from pipeline.adapters.postgres.reads import ConversationRow, MessageRow, UserRow
from pipeline.adapters.postgres.subjects import Subject
from pipeline.domain.content import (
    Conversation,
    Message,
    open_conversation,
    open_message,
    open_name,
    open_profile,
)
from pipeline.domain.crypto import ContentKey, TamperedRecord, UnsupportedBox, box_header
from pipeline.metrics import TAMPERED

log = logging.getLogger(__name__)

_TAMPERED = TAMPERED.labels("api")  # at zero before the first

T = TypeVar("T")
Sealed = tuple[bytes, bytes]  # pid, box


async def open_messages(
    keyring: Keyring, subject: Subject, rows: Sequence[MessageRow]
) -> dict[UUID, Message]:
    """The messages by id, in the order of the rows; raises `StoreUnavailable`."""
    user = await user_keys(keyring, subject)
    if user is None:
        return {}

    def one(key: ContentKey, i: int) -> Message:
        return _message(key, user, rows[i])

    opened = await _open(keyring, [(subject.pid, row.box) for row in rows], one)
    return {message.id: message for message in opened if message is not None}


async def open_conversations(
    keyring: Keyring, subject: Subject, rows: Sequence[ConversationRow]
) -> list[Conversation | None]:
    """One for each row, None where it cannot be opened; raises `StoreUnavailable`."""

    def one(key: ContentKey, i: int) -> Conversation:
        return open_conversation(key, subject.pid, rows[i].token, rows[i].box)

    return await _open(keyring, [(subject.pid, row.box) for row in rows], one)


async def open_profile_row(
    keyring: Keyring, subject: Subject, row: tuple[int, bytes] | None
) -> dict[str, Any]:
    """The profile's fields, none if there is no row; raises `StoreUnavailable`."""
    if row is None:
        return {}
    rev, box = row

    def one(key: ContentKey, _: int) -> dict[str, Any]:
        return open_profile(key, subject.pid, rev, box)

    return (await _open(keyring, [(subject.pid, box)], one))[0] or {}


async def open_names(keyring: Keyring, rows: Sequence[UserRow]) -> list[str | None]:
    """The user id of each row, None where it cannot be opened; raises `StoreUnavailable`."""

    def one(key: ContentKey, i: int) -> str:
        return open_name(key, rows[i].pid, rows[i].name)

    return await _open(keyring, [(row.pid, row.name) for row in rows], one)


async def user_keys(keyring: Keyring, subject: Subject) -> UserKeys | None:
    """The user's own keys, None when they are destroyed; raises `StoreUnavailable`."""
    user = subject.pid, subject.epoch
    return (await keyring.users([user])).get(user)


def _message(key: ContentKey, user: UserKeys, row: MessageRow) -> Message:
    """The message, if the columns that index it say what is inside."""
    message = open_message(key, user.pid, row.id, row.role, row.box)
    thread = message.conversation_id
    token = None if thread is None else user.conversation(thread)
    inside = (message.at, user.channel(message.channel), token)
    if inside != (row.at, row.channel, row.conversation):
        raise TamperedRecord("time, channel or conversation differ from the columns")
    return message


async def _open(
    keyring: Keyring, sealed: Sequence[Sealed], one: Callable[[ContentKey, int], T]
) -> list[T | None]:
    """Open each box with the key that it names; `one` gets the key and the box's index."""
    names = [_key_name(pid, box) for pid, box in sealed]
    keys = await keyring.content(name for name in names if name is not None)
    opened: list[T | None] = []
    for i, name in enumerate(names):
        key = None if name is None else keys.get(name)
        try:
            opened.append(None if key is None else one(key, i))
        except (TamperedRecord, UnsupportedBox) as error:
            _report(error)
            opened.append(None)
    return opened


def _key_name(pid: bytes, box: bytes) -> KeyName | None:
    """The key that a box names; None for a box in no format that is known."""
    try:
        header = box_header(box)
    except UnsupportedBox as error:
        _report(error)
        return None
    return pid, header.epoch, header.kver


def _report(error: Exception) -> None:
    """Somebody else writes to the tables, or a disk decays; the rest can still be read."""
    _TAMPERED.inc()
    log.error("a stored record was left out: %s: %s", type(error).__name__, error)
