"""How much and how regularly a user talks."""

from fastapi import APIRouter

from api.activity import shown_days, since_ms, usage
from api.after import After, reached
from api.auth import PathUser
from api.parts import WithParts
from api.paths import of_user
from api.reader import find_reader
from api.routes.docs import READ_AFTER, problems
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.reads import session_bounds, usage_days, usage_row
from schemas.responses import Usage

router = APIRouter(tags=["read"])


@router.get(of_user("usage"), responses=problems(*READ_AFTER))
async def read_usage(user_id: PathUser, parts: WithParts, after: After = None) -> Usage:
    """Counts, streaks and the latest days, by the time of the events.

    Days are the user's own; a session counts on each day that it touches. Zeros for a user who
    was never seen.
    """
    await reached(parts, after, "usage")
    reader = await find_reader(parts, user_id)
    if reader is None:
        return usage(user_id, None, (), parts.now())
    async with transaction(parts.engine) as connection:
        counts = await usage_row(connection, reader.subject)
        days = await usage_days(connection, reader.subject)
        sessions = await session_bounds(connection, reader.subject, since_ms(days))
    offset = counts.offset_minutes if counts else 0
    return usage(user_id, counts, days, parts.now(), shown_days(days, sessions, offset))
