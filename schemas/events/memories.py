"""Memories that an application or a person writes down, and the associations between them."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.events.base import EventBase, PatchEvent
from schemas.fields import Fraction, JsonObject, Label, Text

MemoryType = Literal["episodic", "semantic", "procedural", "reflection"]

Tags = Annotated[tuple[Label, ...], Field(max_length=32)]
"""At most 32 short names."""

WrittenText = Annotated[Text, Field(min_length=1)]
"""Free text of 1 byte to 32 KiB of UTF-8."""


class MemoryAdded(EventBase):
    """A memory was written down. An id that exists already is written anew."""

    type: Literal["memory.memory.added.v1"] = "memory.memory.added.v1"

    memory_id: Label
    """The memory's name, unique for the user."""

    memory_type: MemoryType = "semantic"
    """What happened, what is known, how something is done, or a conclusion."""

    text: WrittenText
    """What is to be remembered."""

    importance: Fraction = 0.5
    """0 to 1; counts in ranking and retention."""

    permanent: bool = False
    """Always part of the context and never removed by retention."""

    tags: Tags = ()
    """Short names to find it by."""

    metadata: JsonObject = Field(default_factory=dict)
    """Free."""


class MemoryUpdated(PatchEvent):
    """Some fields of a memory changed. Null returns a field to its default; `text` cannot be null.

    `tags` and `metadata` are replaced as a whole.
    """

    type: Literal["memory.memory.updated.v1"] = "memory.memory.updated.v1"

    memory_id: Label
    """Which memory."""

    memory_type: MemoryType | None = None
    """What happened, what is known, how something is done, or a conclusion."""

    text: WrittenText = ""
    """What is to be remembered."""

    importance: Fraction | None = None
    """0 to 1; counts in ranking and retention."""

    permanent: bool | None = None
    """Always part of the context and never removed by retention."""

    tags: Tags | None = None
    """Short names to find it by."""

    metadata: JsonObject | None = None
    """Free."""


class MemoryForgotten(EventBase):
    """A memory is to be forgotten, its associations with it."""

    type: Literal["memory.memory.forgotten.v1"] = "memory.memory.forgotten.v1"

    memory_id: Label
    """Which memory."""


class AssociationAdded(EventBase):
    """Two memories belong together. Said again, it replaces strength and metadata."""

    type: Literal["memory.association.added.v1"] = "memory.association.added.v1"

    from_memory: Label
    """The memory that the association starts from."""

    to_memory: Label
    """The memory that it leads to."""

    relationship: Label
    """How they belong together, such as caused_by."""

    strength: Fraction = 0.5
    """0 to 1."""

    metadata: JsonObject = Field(default_factory=dict)
    """Free."""


class AssociationRemoved(EventBase):
    """Two memories do not belong together any more."""

    type: Literal["memory.association.removed.v1"] = "memory.association.removed.v1"

    from_memory: Label
    """The memory that the association starts from."""

    to_memory: Label
    """The memory that it leads to."""

    relationship: Label | None = None
    """Which association between the two; absent: all."""
