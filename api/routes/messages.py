"""A user's history and conversations, page by page."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.after import After, reached
from api.auth import PathUser
from api.history import Filters, conversation_answer, message_answer
from api.parts import WithParts
from api.paths import of_user
from api.routes.docs import READ_AFTER, problems
from schemas.events import Role
from schemas.fields import Label
from schemas.requests import SEARCH_LIMIT_MAX, Cursor
from schemas.responses import ConversationPage, MessagePage

router = APIRouter(tags=["read"])

Many = Annotated[
    int,
    Query(ge=1, le=SEARCH_LIMIT_MAX, description="How many at most; MAX_MESSAGES bounds it too."),
]
Place = Annotated[
    Cursor | None, Query(description="Continue after this page; the rest as in the first request.")
]


@router.get(of_user("messages"), responses=problems(*READ_AFTER))
async def read_messages(
    user_id: PathUser,
    parts: WithParts,
    channel: Annotated[Label | None, Query(description="Only of this channel.")] = None,
    conversation_id: Annotated[Label | None, Query(description="Only of this thread.")] = None,
    role: Annotated[Role | None, Query(description="Only of this role.")] = None,
    limit: Many = 50,
    cursor: Place = None,
    after: After = None,
) -> MessagePage:
    """A user's messages, newest first; none for a user who was never seen."""
    await reached(parts, after, "persist")
    filters = Filters(channel, conversation_id, role)
    return await message_answer(parts, user_id, filters, limit, cursor)


@router.get(of_user("conversations"), responses=problems(*READ_AFTER))
async def read_conversations(
    user_id: PathUser,
    parts: WithParts,
    limit: Many = 50,
    cursor: Place = None,
    after: After = None,
) -> ConversationPage:
    """A user's conversations, the latest first; none for a user who was never seen."""
    await reached(parts, after, "persist")
    return await conversation_answer(parts, user_id, limit, cursor)
