"""Facts and preferences that someone states, corrects, confirms or takes back."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.base import EventBase
from schemas.fields import Fraction, JsonValue, Label, Line, Moment

Evidence = Annotated[tuple[UUID, ...], Field(max_length=64)]
"""Ids of the events that show it."""


class FactKey(BaseModel):
    """Which fact is meant. Carried whole, so that a rebuild under new rules finds it again."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    subject: Label = "user"
    """Whom or what the fact is about."""

    predicate: Label
    """What is said of the subject, such as lives_in."""

    evidence: Evidence = ()
    """Ids of the events that show it."""


class FactAsserted(FactKey, EventBase):
    """A fact was stated outright, not derived from what was said."""

    type: Literal["memory.fact.asserted.v1"] = "memory.fact.asserted.v1"

    value: Line
    """The object of the fact, such as Oslo."""

    category: Label | None = None
    """identity, home, work, family, health and the like."""

    text: Line | None = None
    """The fact as a sentence."""

    confidence: Fraction = 1.0
    """How sure it is, 0 to 1."""

    valid_from: Moment | None = None
    """Since when it has been true."""

    valid_to: Moment | None = None
    """Until when it was true; absent while it still is."""


class FactCorrected(FactKey, EventBase):
    """A fact was wrong and another value is right."""

    type: Literal["memory.fact.corrected.v1"] = "memory.fact.corrected.v1"

    value: Line
    """The wrong value."""

    new_value: Line
    """The right value."""

    text: Line | None = None
    """The corrected fact as a sentence."""

    valid_from: Moment | None = None
    """Since when the right value has been true."""


class FactConfirmed(FactKey, EventBase):
    """A known fact was confirmed by the person."""

    type: Literal["memory.fact.confirmed.v1"] = "memory.fact.confirmed.v1"

    value: Line
    """The confirmed value."""


class FactForgotten(FactKey, EventBase):
    """A fact is to be forgotten and not learned again from the same evidence."""

    type: Literal["memory.fact.forgotten.v1"] = "memory.fact.forgotten.v1"

    value: Line | None = None
    """The forgotten value; absent: every value of the predicate."""


class PreferenceSet(EventBase):
    """A preference was set, replacing its former value."""

    type: Literal["memory.preference.set.v1"] = "memory.preference.set.v1"

    category: Label = "general"
    """A group of preferences, such as style."""

    key: Label
    """Which preference, unique in its category."""

    value: JsonValue
    """What is preferred, any JSON value."""

    evidence: Evidence = ()
    """Ids of the events that show it."""


class PreferenceUnset(EventBase):
    """A preference holds no longer."""

    type: Literal["memory.preference.unset.v1"] = "memory.preference.unset.v1"

    category: Label = "general"
    """A group of preferences, such as style."""

    key: Label
    """Which preference, unique in its category."""
