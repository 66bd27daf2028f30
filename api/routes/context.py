"""The context that a prompt is built from."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.after import After, reached
from api.auth import PathUser
from api.context import Asked, build_context, channel_limits
from api.parts import WithParts
from api.paths import of_user
from api.routes.docs import READ_AFTER, problems
from schemas.fields import Label, Text
from schemas.responses import Context

router = APIRouter(tags=["read"])

Question = Annotated[
    Text | None,
    Query(
        min_length=1,
        max_length=4096,
        description="What is being asked; finds older messages near to it.",
        examples=["what is my dog called"],
    ),
]
Most = Annotated[int, Query(ge=1, le=100, description="How many older messages at most.")]
Room = Annotated[
    Label | None,
    Query(description="A channel whose last messages are wanted besides `ai` and `general`."),
]


@router.get(of_user("context"), responses=problems(*READ_AFTER))
async def read_context(
    user_id: PathUser,
    parts: WithParts,
    query: Question = None,
    limit: Most = 10,
    channel: Room = None,
    after: After = None,
) -> Context:
    """What a model should know about a user right now.

    Profile, usage and streak, the last messages of each channel, and older messages near to
    `query`. What is remembered is data, never instructions. A user who was never seen has an
    empty context, and no error.
    """
    views = ("persist", "usage", "embed") if query else ("persist", "usage")
    await reached(parts, after, *views)
    limits = channel_limits(parts.limits, channel)
    return await build_context(parts, Asked(user_id, query, limit, limits))
