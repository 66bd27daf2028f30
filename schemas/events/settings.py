"""Who a user is and what they allow: patches. Absent leaves as it is, null clears."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.base import EventBase, PatchEvent
from schemas.fields import Everyone, JsonObject, Label, Language, Line, Moment

Lines = Annotated[tuple[Line, ...], Field(max_length=50)]
"""At most 50 lines, newest first."""


class ProfileFields(BaseModel):
    """What a profile holds, the same in events and HTTP bodies."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Line | None = None
    """How the person is called."""

    username: Label | None = None
    """The name they sign in with or are shown under."""

    role: Line | None = None
    """What they do, such as data engineer."""

    preferences: JsonObject | None = None
    """Merged by member: a member set to null is removed, null as a whole removes all."""

    current_focus: Line | None = None
    """What they are working on."""

    recent_documents: Lines | None = None
    """Titles of documents, newest first; replaced as a whole."""

    last_topics: Lines | None = None
    """What was talked about lately, newest first; replaced as a whole."""

    language: Language | None = None
    """A BCP 47 language tag."""


class ProfileUpdated(ProfileFields, PatchEvent):
    """Some fields of a profile changed."""

    type: Literal["memory.profile.updated.v1"] = "memory.profile.updated.v1"


class PrivacyUpdated(PatchEvent):
    """What may be stored and learned changed. Null returns to the installation's default."""

    type: Literal["memory.privacy.updated.v1"] = "memory.privacy.updated.v1"

    learn_facts: bool | None = None
    """Derive facts from what the person says."""

    learn_preferences: bool | None = None
    """Derive preferences from what the person says."""

    store_messages: bool | None = None
    """Store messages at all; what is said meanwhile is dropped for good."""

    retention_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """Days after which messages are deleted, if shorter than the installation's."""

    pause_until: Moment | None = None
    """Store and learn nothing before this moment."""


class GlobalUpdated(EventBase):
    """Context that holds for everyone changed."""

    type: Literal["memory.global.updated.v1"] = "memory.global.updated.v1"

    user_id: Everyone
    """Everyone."""

    entries: JsonObject
    """Merged by member: a member set to null is removed."""


class UserRegistered(EventBase):
    """A user begins, or begins again after an erasure; opens an epoch."""

    type: Literal["memory.user.registered.v1"] = "memory.user.registered.v1"

    accept_since: Moment | None = None
    """Events dated from this moment on are accepted, for imports; absent: from `at` on."""
