"""What the service says about itself: accepted writes, health and problems."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.refusal import Reason
from schemas.requests import Position


class Answer(BaseModel):
    """Frozen; fields may be added, so readers ignore what they do not know."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class AcceptedEvent(Answer):
    """An event that the log has taken."""

    id: UUID
    """The event's id."""

    message_id: str | None = None
    """Your own name for it."""


class Accepted(Answer):
    """The events are in the log; `position` lets you wait for their effect."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [{"id": "0195b3f4-7c1e-5c3a-9b1a-2f6f6f0d9a10", "message_id": "m-1"}],
                    "position": "eyIyIjoxNDV9",
                }
            ]
        }
    )

    events: tuple[AcceptedEvent, ...]
    """One for each published event, in order."""

    position: Position
    """Pass it as `after` to read what you wrote."""


class Live(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"
    """Always ok; a dead process does not answer."""


class PartHealth(Answer):
    """How one part is."""

    name: str
    """A store, the broker or a stage."""

    status: Literal["ok", "behind", "down"]
    """As it should be, working but late, or not reachable."""

    lag_records: int | None = None
    """Records that a stage has not worked through yet."""

    lag_seconds: float | None = None
    """Age of the oldest record that a stage has not worked through yet, in seconds."""

    quarantined: int | None = None
    """Records that a view could not handle and has set aside."""

    advice: str | None = None
    """What an operator can do about it."""


class Ready(Answer):
    """Whether the service can do its work, part by part."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "degraded",
                    "parts": [
                        {"name": "persist", "status": "ok", "lag_records": 0},
                        {
                            "name": "embed",
                            "status": "behind",
                            "lag_records": 1200,
                            "lag_seconds": 8.5,
                            "advice": "Start another embed worker.",
                        },
                    ],
                }
            ]
        }
    )

    status: Literal["ready", "degraded", "down"]
    """All parts are ok, something is late or set aside, or nothing can be answered."""

    parts: tuple[PartHealth, ...]
    """Every part, in the order in which a message passes them."""


class InvalidField(Answer):
    """What is wrong with one field of a request. Never holds what was sent."""

    pointer: str
    """Where: a JSON pointer into the body, or the name of a parameter."""

    reason: Reason
    """Why, a word of a closed set."""

    detail: str
    """The reason as a sentence."""


class Behind(Answer):
    """How far a view is behind a position that a request waits for."""

    view: str
    """Which view."""

    records: int
    """Records it still has to work through."""


class Problem(Answer):
    """An error as RFC 9457 has it (`application/problem+json`). Never holds what was sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/invalid-request",
                    "title": "The request is not valid",
                    "status": 422,
                    "request_id": "0195b3f4-7c1e-7c3a-9b1a-2f6f6f0d9a10",
                    "errors": [
                        {
                            "pointer": "/content",
                            "reason": "text_too_long",
                            "detail": "the text is longer than 32 KiB",
                        }
                    ],
                }
            ]
        }
    )

    type: str
    """Names the kind of problem."""

    title: str
    """The kind of problem in a few words."""

    status: int
    """The HTTP status."""

    detail: str | None = None
    """What can be done about it."""

    instance: str | None = None
    """Where it happened: the path template, without what was filled in."""

    request_id: str | None = None
    """Find it in the logs by this."""

    errors: tuple[InvalidField, ...] = ()
    """What is wrong with the request."""

    behind: tuple[Behind, ...] = ()
    """With 409: the views that have not reached the position yet."""
