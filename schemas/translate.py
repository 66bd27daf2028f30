"""From the bodies of requests to the events that they stand for."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from schemas.events.chat import SPEAKING_METADATA, MessageSent
from schemas.events.settings import ProfileUpdated
from schemas.requests import ProfilePatch
from schemas.store import SentMessage, StoreBody, StoreConversation, StoreMessage, StorePair

_OF_ALL_MESSAGES = ("conversation_id", "channel", "session_id", "tz")
_OF_BOTH = (*_OF_ALL_MESSAGES, "at")


def messages_of(body: StoreBody, received_at: datetime, source: str) -> tuple[MessageSent, ...]:
    """Return the messages that a store request asks for, in the order they are to be published.

    `received_at` stands in where a message does not say when it was sent.
    """
    if isinstance(body, list):
        return tuple(event for item in body for event in messages_of(item, received_at, source))
    filled = {"user_id": body.user_id, "at": received_at, "source": source}
    if isinstance(body, StoreConversation):
        common = filled | _given(body, _OF_ALL_MESSAGES)
        return tuple(_message(common, said) for said in body.messages)
    if isinstance(body, StorePair):
        return _pair(filled | _given(body, _OF_BOTH), body)
    return (_message(filled, body),)


def profile_updated(
    user_id: str, patch: ProfilePatch, received_at: datetime, source: str
) -> ProfileUpdated:
    """Return the event that a profile patch asks for; null stays null, absent stays absent."""
    given = {name: getattr(patch, name) for name in patch.model_fields_set}
    return ProfileUpdated(user_id=user_id, at=received_at, source=source, **given)


def _given(
    body: StoreConversation | StorePair | SentMessage, names: Iterable[str]
) -> dict[str, Any]:
    values = {name: getattr(body, name) for name in names if name in body.model_fields_set}
    return {name: value for name, value in values.items() if value is not None}


def _message(common: dict[str, Any], said: SentMessage | StoreMessage) -> MessageSent:
    given = _given(said, type(said).model_fields)
    return MessageSent(**{**common, "role": said.role, **given})


def _pair(common: dict[str, Any], pair: StorePair) -> tuple[MessageSent, MessageSent]:
    asked = {key: value for key, value in pair.metadata.items() if key not in SPEAKING_METADATA}
    query: dict[str, Any] = {"role": "user", "content": pair.query, "metadata": asked}
    response: dict[str, Any] = {
        "role": "assistant",
        "content": pair.response,
        "metadata": pair.metadata,
    }
    if pair.message_id is not None:
        query["message_id"] = f"{pair.message_id}:query"
        response["message_id"] = f"{pair.message_id}:response"
        response["reply_to"] = query["message_id"]
    return MessageSent(**common, **query), MessageSent(**common, **response)
