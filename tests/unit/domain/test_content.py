"""What views keep sealed opens as it was written, and only beside its own columns."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from pipeline.domain.content import (
    Conversation,
    RoleCode,
    open_conversation,
    open_message,
    open_name,
    open_profile,
    seal_conversation,
    seal_message,
    seal_profile,
)
from pipeline.domain.crypto import Kind, TamperedRecord, content_key, seal
from schemas.events import MessageSent

PID = bytes.fromhex("00112233445566778899aabbccddeeff")
KEY = content_key(bytes(range(32)), PID, 1, 1)
ID = UUID("5f1c3d0e-8f38-5d42-9c64-1f3f0a2b4c5d")
OTHER_ID = UUID("5f1c3d0e-8f38-5d42-9c64-1f3f0a2b4c5e")
TOKEN = b"8 bytes."


def message(**fields: object) -> MessageSent:
    said = {
        "type": "chat.message.sent.v1",
        "user_id": "u",
        "at": "2026-03-02T08:00:00+01:00",
        "role": "user",
        "content": "I moved to Oslo.",
    }
    return MessageSent.model_validate(said | fields)


def test_a_message_opens_as_it_was_sent() -> None:
    sent = message(
        message_id="m1",
        conversation_id="c1",
        session_id="s1",
        reply_to="m0",
        tz="Europe/Oslo",
        channel="general",
        metadata={"source": "web"},
    )

    opened = open_message(KEY, PID, ID, RoleCode.USER, seal_message(KEY, PID, ID, sent))

    same = ("message_id", "role", "channel", "conversation_id", "session_id", "reply_to", "tz")
    assert [getattr(opened, name) for name in same] == [getattr(sent, name) for name in same]
    assert opened.content == sent.content
    assert (opened.id, dict(opened.metadata)) == (ID, {"source": "web"})
    assert opened.at == datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def test_what_was_not_said_stays_unsaid() -> None:
    opened = open_message(KEY, PID, ID, RoleCode.USER, seal_message(KEY, PID, ID, message()))

    assert opened.conversation_id is opened.session_id is opened.reply_to is opened.tz is None
    assert dict(opened.metadata) == {}


@pytest.mark.parametrize("role", ["user", "assistant", "system", "tool"])
def test_a_role_has_one_code(role: str) -> None:
    assert RoleCode.of(role).role == role


def test_a_message_does_not_open_under_another_role_or_id() -> None:
    box = seal_message(KEY, PID, ID, message())

    with pytest.raises(TamperedRecord, match="role"):
        open_message(KEY, PID, ID, RoleCode.ASSISTANT, box)
    with pytest.raises(TamperedRecord):
        open_message(KEY, PID, OTHER_ID, RoleCode.USER, box)


def test_a_conversation_opens_beside_its_token_only() -> None:
    conversation = Conversation("c1", "general")
    box = seal_conversation(KEY, PID, TOKEN, conversation)

    assert open_conversation(KEY, PID, TOKEN, box) == conversation
    with pytest.raises(TamperedRecord):
        open_conversation(KEY, PID, b"another.", box)


def test_a_profile_opens_at_its_own_revision_only() -> None:
    box = seal_profile(KEY, PID, 3, {"name": "Ada"})

    assert open_profile(KEY, PID, 3, box) == {"name": "Ada"}
    with pytest.raises(TamperedRecord, match="revision"):
        open_profile(KEY, PID, 2, box)


def test_a_name_is_no_profile() -> None:
    box = seal(KEY, Kind.PROFILE, PID, PID, b"user-1")

    assert open_name(KEY, PID, box) == "user-1"
    with pytest.raises(TamperedRecord):
        open_profile(KEY, PID, 1, box)
