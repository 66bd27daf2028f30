"""Reading one's own writes: `after` lets a read wait until the views have reached a position."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query

from api import problems
from api.parts import Parts
from api.problems import ProblemError
from pipeline.domain.positions import InvalidPosition, Position, decode_position
from schemas.requests import Position as Token
from schemas.responses import Behind

AGAIN_SECONDS = 1

After = Annotated[
    Token | None,
    Query(
        description="Wait until the memory has reached this position, so that your own write is"
        " read; 409 tells how far it is behind when that takes too long."
    ),
]


async def reached(parts: Parts, token: str | None, *views: str) -> None:
    """Return when the views have reached the position, at once if none is given.

    Raises:
        ProblemError: 400, it is no position of this log; 409, they have not in time.
        StoreUnavailable: PostgreSQL is away.
    """
    if token is None:
        return
    positions = _positions(token, parts.limits.partitions)
    behind = await parts.waiter.wait(positions, views, parts.limits.after_seconds)
    if behind:
        raise ProblemError(
            problems.VIEWS_BEHIND,
            "your events are safe in the log; ask again",
            behind=tuple(Behind(view=view, records=n) for view, n in behind.items()),
            retry_after=AGAIN_SECONDS,
        )


def _positions(token: str, partitions: int) -> Sequence[Position]:
    try:
        positions = decode_position(token)
    except InvalidPosition as error:
        raise ProblemError(problems.INVALID_POSITION, str(error)) from None
    if any(position.partition >= partitions for position in positions):
        raise ProblemError(problems.INVALID_POSITION, "it names a partition that is not there")
    return positions
