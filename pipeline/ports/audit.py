"""The trail of what was done to memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

ActName = Literal[
    "memory.read",
    "memory.search",
    "memory.write",
    "memory.export",
    "memory.import",
    "memory.delete",
    "erasure.ordered",
    "erasure.completed",
    "retention.run",
    "privacy.changed",
    "key.wrap",
    "key.rotate",
    "key.destroy",
    "auth.denied",
    "deadletter.read",
    "config.change",
]
"""What can be done to memory, or to what guards it."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to memory that its owner may ask about; never what it said."""

    act: ActName
    actor: str  # the id of a key, a token's pseudonym or a process; never a user id
    user_id: str | None = field(
        default=None, repr=False
    )  # whose memory; leaves only as a pseudonym
    obj: str | None = None  # what kind of thing
    n: int | None = None  # how many things
    why: str | None = None  # the stated purpose
    res: Literal["ok", "denied", "failed"] = "ok"
    req: str | None = None  # the id of the request
    id: UUID | None = None  # the same for every repetition of one act; by default a fresh one


class AuditLog(Protocol):
    """Where acts are kept for ever, in an order nobody can change unseen."""

    async def record(self, acts: Sequence[Act]) -> None:
        """Return when the acts are safe.

        Raises:
            StoreUnavailable: they are not, and nobody may be told what was to be audited.
        """
        ...
