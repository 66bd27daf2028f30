"""What views keep sealed: messages, profiles, conversations; and how each is opened again.

Role, time and conversation are inside the box as well as in columns: columns are indexes only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Self
from uuid import UUID

import orjson

from pipeline.domain.crypto import ContentKey, Kind, TamperedRecord, open_box, seal
from schemas.events import MessageSent

RID_PROFILE = b"profile".ljust(16, b"\0")


class RoleCode(IntEnum):
    """The small integers that stand for roles in columns and payloads."""

    USER = 1
    ASSISTANT = 2
    SYSTEM = 3
    TOOL = 4

    @classmethod
    def of(cls, role: str) -> Self:
        """The code of a role's name."""
        return cls[role.upper()]

    @property
    def role(self) -> str:
        """The role's name."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is read back."""

    id: UUID
    message_id: str | None
    role: str
    channel: str
    conversation_id: str | None
    session_id: str | None
    reply_to: str | None
    at: datetime
    tz: str | None
    content: str
    metadata: Mapping[str, Any]


def seal_message(key: ContentKey, pid: bytes, id_: UUID, event: MessageSent) -> bytes:
    """The box of a message (kind 1, rid = event id)."""
    fields = {
        "c": event.content,
        "r": event.role,
        "ts": event.at.isoformat(),
        "ch": event.channel,
        "cv": event.conversation_id,
        "s": event.session_id,
        "re": event.reply_to,
        "mid": event.message_id,
        "tz": event.tz,
        "m": event.metadata or None,
    }
    said = {name: value for name, value in fields.items() if value is not None}
    return seal(key, Kind.MESSAGE, pid, id_.bytes, orjson.dumps(said))


def open_message(key: ContentKey, pid: bytes, id_: UUID, role: int, box: bytes) -> Message:
    """The message in a box.

    Raises:
        TamperedRecord: the box is not this record's, or its role is not the column's.
    """
    said = orjson.loads(open_box(key, Kind.MESSAGE, pid, id_.bytes, box))
    if RoleCode.of(said["r"]) != role:
        raise TamperedRecord("the role differs from the column")
    return Message(
        id=id_,
        message_id=said.get("mid"),
        role=said["r"],
        channel=said["ch"],
        conversation_id=said.get("cv"),
        session_id=said.get("s"),
        reply_to=said.get("re"),
        at=datetime.fromisoformat(said["ts"]),
        tz=said.get("tz"),
        content=said["c"],
        metadata=said.get("m", {}),
    )


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation's own words: its id and the channel it began in."""

    conversation_id: str
    channel: str


def conversation_rid(token: bytes) -> bytes:
    """The record id under which a conversation is sealed: its token, zero-padded to 16 bytes."""
    return token.ljust(16, b"\0")


def seal_conversation(
    key: ContentKey, pid: bytes, token: bytes, conversation: Conversation
) -> bytes:
    """The box of a conversation (kind 6, rid = its token, zero-padded)."""
    said = {"cv": conversation.conversation_id, "ch": conversation.channel}
    return seal(key, Kind.CONVERSATION, pid, conversation_rid(token), orjson.dumps(said))


def open_conversation(key: ContentKey, pid: bytes, token: bytes, box: bytes) -> Conversation:
    """The conversation in a box; raises `TamperedRecord`."""
    said = orjson.loads(open_box(key, Kind.CONVERSATION, pid, conversation_rid(token), box))
    return Conversation(said["cv"], said["ch"])


def seal_profile(key: ContentKey, pid: bytes, rev: int, fields: Mapping[str, Any]) -> bytes:
    """The box of a profile (kind 5); `rev` counts its changes and is repeated in a column."""
    return seal(key, Kind.PROFILE, pid, RID_PROFILE, orjson.dumps({"rev": rev, "p": dict(fields)}))


def open_profile(key: ContentKey, pid: bytes, rev: int, box: bytes) -> dict[str, Any]:
    """The profile's fields.

    Raises:
        TamperedRecord: the box is not this profile's, or of another revision than the column.
    """
    said = orjson.loads(open_box(key, Kind.PROFILE, pid, RID_PROFILE, box))
    if said["rev"] != rev:
        raise TamperedRecord("the revision differs from the column")
    fields: dict[str, Any] = said["p"]
    return fields


def open_name(key: ContentKey, pid: bytes, box: bytes) -> str:
    """The user id of a subject (kind 5, rid = pid); raises `TamperedRecord`."""
    return open_box(key, Kind.PROFILE, pid, pid, box).decode()
