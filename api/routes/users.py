"""Who is known at all; for operators."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.auth import Principal, administrator
from api.history import user_answer
from api.parts import WithParts
from api.routes.docs import READ, problems
from api.routes.messages import Many, Place
from schemas.responses import UserPage

router = APIRouter(tags=["admin"])


@router.get("/memory/users", responses=problems(*READ))
async def list_users(
    _: Annotated[Principal, Depends(administrator)],
    parts: WithParts,
    limit: Many = 50,
    cursor: Place = None,
) -> UserPage:
    """All users whose memory is kept, in a stable order."""
    return await user_answer(parts, limit, cursor)
