"""The records of the topics behind `chat.events`; none holds a user id or what was said."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

HexPid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Base64Url = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+=*$")]


class Record(BaseModel):
    """Frozen; fields may be added, so readers ignore what they do not know."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class SealedEvent(Record):
    """An admitted event, whole in a box that only its user's key opens."""

    v: Literal[1]
    """Version of this envelope."""

    id: UUID
    """The event's id, also the record id that the box is bound to."""

    pid: HexPid
    """The user's pseudonym, 16 bytes in hexadecimal."""

    type: str
    """The event's type and version."""

    at: datetime
    """When it happened."""

    enc: Literal["dek"]
    """How the box is sealed: under a data-encryption key of the user."""

    box: Base64Url
    """The sealed event."""


class AuditRecord(Record):
    """Who did what to whose memory; never what it said. A retry has the same id."""

    v: Literal[1]
    """Version of this record."""

    id: UUID
    """Makes a second publication harmless."""

    ts: datetime
    """When it was done."""

    actor: str
    """Who did it: the id of a key or a process."""

    act: str
    """What was done, such as memory.read or erasure.ordered."""

    sub: HexPid | None = None
    """Whose memory, under a pseudonym that only the audit uses."""

    obj: str | None = None
    """What kind of thing it was done to."""

    n: Annotated[int, Field(ge=0)] | None = None
    """To how many things."""

    why: str | None = None
    """The stated purpose."""

    res: Literal["ok", "denied", "failed"]
    """How it ended."""

    req: str | None = None
    """The id of the request."""

    src: str | None = None
    """The part that reports it."""


class ErasureReport(Record):
    """What one store has deleted for an erasure, and what it still finds."""

    v: Literal[1]
    """Version of this record."""

    erasure_id: UUID
    """Which erasure."""

    store: str
    """Which store."""

    deleted: Annotated[int, Field(ge=0)]
    """Things deleted so far."""

    remaining: Annotated[int, Field(ge=0)]
    """Things still found; 0 once the store is done."""

    at: datetime
    """When it was counted."""
