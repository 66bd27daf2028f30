"""What is said, and the sessions it is said in. Sealed under the key of the event's month."""

from typing import Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.events.base import EventBase
from schemas.fields import JsonObject, Label, Text
from schemas.refusal import Reason, refusal

Role = Literal["user", "assistant", "system", "tool"]

# A message that carries one of these, not empty, says something without any text.
SPEAKING_METADATA: Final = frozenset({"tool_calls", "tool_call_id", "tool_name", "error"})


class MessageFields(BaseModel):
    """What a message says and where, the same in events and HTTP bodies.

    Empty text is refused (`empty_text`) unless the role is `tool` or one of `SPEAKING_METADATA`
    says something: tool calls, results without output and failed turns are messages too.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    role: Role
    """Who speaks."""

    channel: Label = "ai"
    """`ai`, `general` or the id of a room."""

    content: Text = ""
    """At most 32 KiB of UTF-8, without NUL and lone surrogates. Empty, or white space only, is
    refused unless the role is `tool` or the metadata tells of a tool call or an error."""

    conversation_id: Label | None = None
    """The thread it belongs to."""

    reply_to: Label | None = None
    """The `id` or `message_id` of the message it answers."""

    metadata: JsonObject = Field(default_factory=dict)
    """Free; known words: source, language, model, tool_name, tool_call_id, tool_calls, error."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.role == "tool" or self.content.strip() or speaks(self.metadata):
            return self
        raise refusal(Reason.EMPTY_TEXT)


def speaks(metadata: dict[str, Any]) -> bool:
    """Tell whether a message with this metadata says something even without text."""
    return any(metadata.get(word) for word in SPEAKING_METADATA)


class MessageSent(MessageFields, EventBase):
    """Someone said something: a person, the assistant, the system or a tool."""

    type: Literal["chat.message.sent.v1"] = "chat.message.sent.v1"
    durable: ClassVar[bool] = False


class SessionStarted(EventBase):
    """A session of a user began."""

    type: Literal["chat.session.started.v1"] = "chat.session.started.v1"
    durable: ClassVar[bool] = False

    session_id: Label
    """The session that began."""

    channel: Label | None = None
    """`ai`, `general` or the id of a room."""

    metadata: JsonObject = Field(default_factory=dict)
    """Free, such as the device or the program."""


class SessionEnded(EventBase):
    """A session of a user ended."""

    type: Literal["chat.session.ended.v1"] = "chat.session.ended.v1"
    durable: ClassVar[bool] = False

    session_id: Label
    """The session that ended."""

    reason: Label | None = None
    """Why it ended, such as closed or timeout."""
