"""Storing messages: everything that changes memory is an event on the log."""

from typing import Any

from fastapi import APIRouter

from api.auth import Caller, named_user
from api.parts import WithParts
from api.publish import SOURCE, publish
from api.routes.docs import WRITE, problems
from schemas.responses import Accepted
from schemas.store import StoreBody
from schemas.translate import messages_of

router = APIRouter(tags=["write"])


@router.post("/memory/store", status_code=202, responses=problems(*WRITE))
async def store_messages(body: StoreBody, caller: Caller, parts: WithParts) -> Accepted:
    """Store a message, a question with its answer, a conversation, or a list of the first two.

    The answer comes when the log has the messages; they can be read once the views have reached
    `position`. With an `id` or a `message_id`, sending a message again is harmless.
    """
    now = parts.now()
    events: list[Any] = [
        event.model_copy(update={"user_id": named_user(caller, event.user_id)})
        for event in messages_of(body, now, SOURCE)
    ]
    return await publish(parts, events, now)
