"""What every event has in common.

Fields that a model does not know are ignored, so that an old reader understands a newer producer;
a meaning that an old reader must not overlook needs a new version of the type. Of a key that
occurs twice in a JSON object the last value counts.
"""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.fields import EventTime, Label, TimeZone, UserId


class EventBase(BaseModel):
    """Something that happened: frozen, read strictly, written without what was never set."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    durable: ClassVar[bool] = True
    """Sealed under the user's durable key; else under the key of the event's month."""

    patch: ClassVar[bool] = False
    """Absent fields mean "unchanged" and null means "cleared"."""

    type: str
    """What happened, in which version: area.subject.action.vN."""

    id: UUID | None = None
    """Makes a second publication harmless. Absent: derived from user and `message_id`."""

    message_id: Label | None = None
    """The producer's own name for this event, unique for the user."""

    user_id: UserId
    """Whom it concerns: 1 to 128 bytes of UTF-8. Also the key of the Kafka record."""

    at: EventTime
    """When it happened: RFC 3339 with an offset."""

    tz: TimeZone | None = None
    """The user's IANA time zone at that moment; decides which day it was for them."""

    session_id: Label | None = None
    """The session it belongs to. Absent: sessions are told apart by 30 minutes of silence."""

    source: Label | None = None
    """The program that published it."""


class PatchEvent(EventBase):
    """An event that changes some fields of something and leaves the others as they are."""

    patch: ClassVar[bool] = True

    def changes(self) -> dict[str, Any]:
        """Return the fields that this patch sets, in declared order; None clears a field."""
        return {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name in self.model_fields_set
            and name not in EventBase.model_fields
            and not field.is_required()
        }
