"""The bodies that the API reads. Unknown fields are refused: a misspelt one would lose data."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from schemas.events.chat import Role
from schemas.events.settings import ProfileFields
from schemas.fields import Label, Moment, Text, UserId
from schemas.store import (
    ITEMS_MAX,
    Body,
    SentMessage,
    StoreBody,
    StoreConversation,
    StoreItem,
    StoreMessage,
    StorePair,
)

__all__ = [
    "ITEMS_MAX",
    "SEARCH_LIMIT_MAX",
    "Cursor",
    "Kind",
    "Mode",
    "Position",
    "ProfilePatch",
    "SearchRequest",
    "SentMessage",
    "StoreBody",
    "StoreConversation",
    "StoreItem",
    "StoreMessage",
    "StorePair",
]

SEARCH_LIMIT_MAX: Final = 200

Kind = Literal["message", "fact", "preference", "memory"]
Mode = Literal["hybrid", "semantic", "text"]
Position = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
"""An opaque position in the log, as answered by a write."""

Cursor = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
"""An opaque place in a listing, as answered with the page before."""


class SearchRequest(Body):
    """What to look for in one user's memory, and where."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"user_id": "ana", "query": "what is my dog called", "limit": 5}]
        }
    )

    user_id: UserId
    """Whose memory is searched."""

    query: Annotated[Text, Field(min_length=1, max_length=4096)]
    """What to look for, in plain words."""

    limit: Annotated[int, Field(ge=1, le=SEARCH_LIMIT_MAX)] = 10
    """How many results at most."""

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1, max_length=4)] = ("message",)
    """What to search."""

    mode: Mode = "hybrid"
    """By meaning and words, by meaning alone, or by words alone."""

    roles: Annotated[tuple[Role, ...], Field(max_length=4)] = ()
    """Only of these roles; empty: of all that are searchable."""

    channels: Annotated[tuple[Label, ...], Field(max_length=64)] = ()
    """Only in these channels; empty: in all."""

    conversation_id: Label | None = None
    """Only in this conversation."""

    since: Moment | None = None
    """Only from this moment on."""

    until: Moment | None = None
    """Only before this moment."""

    after: Position | None = None
    """Wait until the memory has reached this position, so that your own write is found."""

    cursor: Cursor | None = None
    """Continue after this page; everything else as in the first request."""


class ProfilePatch(ProfileFields, Body):
    """What changes in a profile: absent leaves as it is, null clears."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Ana", "preferences": {"tone": "brief"}}]}
    )
