"""Users: who they are, how much they talk, and the context made of it."""

from datetime import date, datetime

from pydantic import ConfigDict

from schemas.events.settings import ProfileFields
from schemas.requests import Cursor
from schemas.responses.messages import ContextMessage
from schemas.responses.service import Answer


class Profile(ProfileFields, Answer):
    """Who the user is; null where it is not known."""

    user_id: str
    """Whose profile it is."""


class ActiveDay(Answer):
    """What a user did on one of their days."""

    day: date
    """In the user's time zone."""

    messages: int
    """Messages of every role."""

    user_messages: int
    """Messages that the user sent."""

    sessions: int
    """Sessions that were active."""


class Usage(Answer):
    """How much and how regularly a user talks, by the time of the events."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "ana",
                    "messages": 84,
                    "user_messages": 44,
                    "conversations": 7,
                    "sessions": 36,
                    "first_active": "2026-10-05T21:02:00+03:00",
                    "last_active": "2026-11-13T20:30:00+01:00",
                    "active_days": 33,
                    "current_streak": 6,
                    "longest_streak": 8,
                    "days": [
                        {"day": "2026-11-13", "messages": 2, "user_messages": 1, "sessions": 1}
                    ],
                }
            ]
        }
    )

    user_id: str
    """Whose usage it is."""

    messages: int
    """Messages of every role, ever."""

    user_messages: int
    """Messages that the user sent, ever."""

    conversations: int
    """Different conversations, ever."""

    sessions: int
    """Sessions, ever."""

    first_active: datetime | None = None
    """When the user was first active."""

    last_active: datetime | None = None
    """When the user was last active."""

    active_days: int
    """Days with at least one message of the user."""

    current_streak: int
    """Active days in a row up to the last active day."""

    longest_streak: int
    """The most active days in a row."""

    days: tuple[ActiveDay, ...] = ()
    """The latest days, oldest first."""


class Context(Answer):
    """What a model should know about the user right now."""

    user_id: str
    """Whose context it is."""

    profile: Profile
    """Who they are."""

    usage: Usage
    """How they use the assistant, the streak included."""

    recent: dict[str, tuple[ContextMessage, ...]]
    """The last messages of each channel, oldest first."""

    relevant: tuple[ContextMessage, ...]
    """Older messages nearest to the query, best first; empty without a query."""


class User(Answer):
    """A user whose memory is kept."""

    user_id: str
    """Who."""

    messages: int
    """Messages of every role."""

    first_active: datetime | None = None
    """When the user was first active."""

    last_active: datetime | None = None
    """When the user was last active."""


class UserPage(Answer):
    """A stretch of all users."""

    users: tuple[User, ...]
    """In a stable order."""

    next_cursor: Cursor | None = None
    """Pass it as `cursor` for the next page; null: this was the last."""
