"""Searching one user's memory."""

from typing import Annotated

from fastapi import APIRouter, Body

from api import problems as kinds
from api.after import reached
from api.auth import Caller, named_user
from api.parts import WithParts
from api.problems import ProblemError
from api.reader import find_reader
from api.routes.docs import READ_AFTER, problems
from api.search import search_page
from schemas.requests import SearchRequest
from schemas.responses import SearchResults

router = APIRouter(tags=["read"])


@router.post("/memory/search", responses=problems(413, *READ_AFTER))
async def search_memory(
    body: Annotated[SearchRequest, Body()], caller: Caller, parts: WithParts
) -> SearchResults:
    """Search a user's messages by meaning.

    `hybrid` is answered by meaning alone until there is full text, and `mode` in the answer says
    so; `text` is refused until then. Kinds other than `message` hold nothing yet. Roles other
    than user and assistant are not searchable.
    """
    if body.mode == "text":
        raise ProblemError(kinds.UNSUPPORTED_MODE, "use semantic or hybrid")
    user = named_user(caller, body.user_id)
    await reached(parts, body.after, "persist", "embed")
    reader = await find_reader(parts, user) if "message" in body.kinds else None
    if reader is None:
        return SearchResults(results=())
    results, cursor = await search_page(parts, reader, body)
    return SearchResults(results=results, next_cursor=cursor)
