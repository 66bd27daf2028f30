"""A user's profile: read from the view, changed by an event."""

from fastapi import APIRouter

from api.after import After, reached
from api.auth import PathUser
from api.opening import open_profile_row
from api.parts import WithParts
from api.paths import of_user
from api.publish import SOURCE, publish
from api.reader import find_reader
from api.routes.docs import READ_AFTER, WRITE, problems
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.reads import profile_row
from schemas.requests import ProfilePatch
from schemas.responses import Accepted, Profile
from schemas.translate import profile_updated

router = APIRouter()

PATH = of_user("profile")


@router.get(PATH, tags=["read"], responses=problems(*READ_AFTER))
async def read_profile(user_id: PathUser, parts: WithParts, after: After = None) -> Profile:
    """Who a user is; null where it is not known, and for a user who was never seen."""
    await reached(parts, after, "persist")
    reader = await find_reader(parts, user_id)
    if reader is None:
        return Profile(user_id=user_id)
    async with transaction(parts.engine) as connection:
        row = await profile_row(connection, reader.subject)
    return Profile(user_id=user_id, **await open_profile_row(parts.keyring, reader.subject, row))


@router.patch(PATH, tags=["write"], status_code=202, responses=problems(*WRITE))
async def change_profile(user_id: PathUser, body: ProfilePatch, parts: WithParts) -> Accepted:
    """Change some fields of a profile; absent leaves as it is, null clears."""
    now = parts.now()
    return await publish(parts, [profile_updated(user_id, body, now, SOURCE)], now)
