"""What is to be gone. Durable, so that no rebuild revives what an expired key could not delete.

A deletion or retention run is narrowed by its selector. Its unknown members are refused, not
ignored: a reader that overlooked one would delete too much.
"""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.events.base import EventBase
from schemas.events.chat import Role
from schemas.fields import Label, Moment, UserIdOrEveryone
from schemas.refusal import Reason, refusal


class Selector(BaseModel):
    """Which messages are meant; every member given must match, none given means all."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    channels: Annotated[tuple[Label, ...], Field(max_length=64)] = ()
    """Only in these channels; empty: in all."""

    roles: Annotated[tuple[Role, ...], Field(max_length=4)] = ()
    """Only of these roles; empty: of all."""

    conversation_id: Label | None = None
    """Only of this conversation."""


class MessageDeleted(EventBase):
    """One message is to be gone. Named by its event id, its producer's id, or both."""

    type: Literal["memory.message.deleted.v1"] = "memory.message.deleted.v1"

    deleted_id: UUID | None = None
    """The `id` of the message."""

    deleted_message_id: Label | None = None
    """The `message_id` of the message."""

    @model_validator(mode="after")
    def _names_a_message(self) -> Self:
        if self.deleted_id is None and self.deleted_message_id is None:
            raise refusal(Reason.SCHEMA)
        return self


class ConversationDeleted(EventBase):
    """All messages of one conversation up to here are to be gone."""

    type: Literal["memory.conversation.deleted.v1"] = "memory.conversation.deleted.v1"

    conversation_id: Label
    """Which conversation."""


class RangeDeleted(EventBase):
    """All messages of a stretch of time that the selector matches are to be gone."""

    type: Literal["memory.range.deleted.v1"] = "memory.range.deleted.v1"

    since: Moment | None = None
    """From this moment on; absent: from the beginning."""

    until: Moment | None = None
    """Before this moment; absent: up to here."""

    selector: Selector = Selector()
    """Which messages of that time."""

    @model_validator(mode="after")
    def _is_a_stretch(self) -> Self:
        if self.since is None and self.until is None:
            raise refusal(Reason.SCHEMA)
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise refusal(Reason.SCHEMA)
        return self


class RetentionApplied(EventBase):
    """Messages dated before the cutoff expired: of one user, or of all without a shorter limit."""

    type: Literal["memory.retention.applied.v1"] = "memory.retention.applied.v1"

    user_id: UserIdOrEveryone
    """A user, or `*` for everyone who has no limit of their own."""

    cutoff: Moment
    """What is older is gone."""

    selector: Selector = Selector()
    """Which messages; keys of months before the cutoff are destroyed only if it matches all."""


class ErasureOrdered(EventBase):
    """Everything about the user is to be gone; nothing is accepted until they register again."""

    type: Literal["memory.erasure.ordered.v1"] = "memory.erasure.ordered.v1"

    erasure_id: UUID
    """Names the erasure in reports and in its receipt."""
