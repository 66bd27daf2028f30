"""The bodies of a store request: a message, a pair, a conversation, or a list of them."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from schemas.events.chat import MessageFields, Role, speaks
from schemas.fields import EventTime, JsonObject, Label, Text, TimeZone, UserId
from schemas.refusal import Reason, refusal

ITEMS_MAX: Final = 500


class Body(BaseModel):
    """Frozen, and strict about names."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class SentMessage(MessageFields, Body):
    """A message of a conversation that names the user."""

    role: Role = "user"
    """Who speaks."""

    id: UUID | None = None
    """Makes a retry harmless. Absent: derived from user and `message_id`, or made anew."""

    message_id: Label | None = None
    """Your own name for the message, unique for the user; makes a retry harmless too."""

    at: EventTime | None = None
    """When it was said, RFC 3339 with an offset; absent: now."""

    tz: TimeZone | None = None
    """The user's IANA time zone."""

    session_id: Label | None = None
    """The session it belongs to."""


class StoreMessage(SentMessage):
    """One message of a user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "ana",
                    "message_id": "m-1",
                    "content": "I moved to Bergen.",
                    "at": "2026-10-19T21:10:00+02:00",
                    "tz": "Europe/Oslo",
                }
            ]
        }
    )

    user_id: UserId
    """Whose memory it belongs to."""


class StoreConversation(Body):
    """Messages of one user, in order. What a message does not say, the conversation says."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "ana",
                    "conversation_id": "moving",
                    "messages": [
                        {"message_id": "m-1", "content": "I moved to Bergen."},
                        {"message_id": "m-2", "role": "assistant", "content": "Welcome!"},
                    ],
                }
            ]
        }
    )

    user_id: UserId
    """Whose memory they belong to."""

    conversation_id: Label | None = None
    """The thread they belong to."""

    channel: Label = "ai"
    """`ai`, `general` or the id of a room."""

    session_id: Label | None = None
    """The session they belong to."""

    tz: TimeZone | None = None
    """The user's IANA time zone."""

    messages: Annotated[tuple[SentMessage, ...], Field(min_length=1, max_length=ITEMS_MAX)]
    """1 to 500 messages, oldest first."""


class StorePair(Body):
    """A question and its answer: becomes a message of the user and one of the assistant.

    The response may be empty only if the metadata tells of an error or a tool call.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "ana",
                    "query": "Which pan do I need for paella?",
                    "response": "A wide, shallow one.",
                    "metadata": {"model": "example-1"},
                }
            ]
        }
    )

    user_id: UserId
    """Whose memory it belongs to."""

    query: Text
    """What the user said."""

    response: Text
    """What the assistant answered."""

    message_id: Annotated[str, StringConstraints(min_length=1, max_length=112)] | None = None
    """Your own name for the pair; the messages are named after it, `:query` and `:response`."""

    at: EventTime | None = None
    """When it was said, RFC 3339 with an offset; absent: now."""

    tz: TimeZone | None = None
    """The user's IANA time zone."""

    session_id: Label | None = None
    """The session it belongs to."""

    conversation_id: Label | None = None
    """The thread it belongs to."""

    channel: Label = "ai"
    """`ai`, `general` or the id of a room."""

    metadata: JsonObject = Field(default_factory=dict)
    """Kept with both messages; what tells of tools or an error, with the response alone."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.query.strip() and (self.response.strip() or speaks(self.metadata)):
            return self
        raise refusal(Reason.EMPTY_TEXT)


def _shape_of_item(item: Any) -> str | None:
    if isinstance(item, dict):
        return "pair" if "query" in item or "response" in item else "message"
    if isinstance(item, StorePair):
        return "pair"
    return "message" if isinstance(item, StoreMessage) else None


def _shape_of_body(body: Any) -> str | None:
    if isinstance(body, list | tuple):
        return "items"
    if isinstance(body, StoreConversation) or (isinstance(body, dict) and "messages" in body):
        return "conversation"
    return _shape_of_item(body)


StoreItem = Annotated[
    Annotated[StoreMessage, Tag("message")] | Annotated[StorePair, Tag("pair")],
    Discriminator(_shape_of_item),
]

StoreBody = Annotated[
    Annotated[StoreMessage, Tag("message")]
    | Annotated[StorePair, Tag("pair")]
    | Annotated[StoreConversation, Tag("conversation")]
    | Annotated[list[StoreItem], Field(min_length=1, max_length=ITEMS_MAX), Tag("items")],
    Discriminator(_shape_of_body),
]
"""One message, a pair, a conversation, or a list of messages and pairs; told apart by shape."""
