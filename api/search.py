"""One page of a search."""

import hashlib

from api import problems, said
from api.cursors import (
    InvalidCursor,
    SearchPlace,
    read_search_cursor,
    search_cursor,
)
from api.opening import open_messages
from api.parts import Parts
from api.problems import ProblemError
from api.ranking import Ranked
from api.reader import Reader
from api.recall import DEEPEST, Page, look, message_filter
from schemas.requests import SearchRequest
from schemas.responses import SearchResult

# What the pages of one search may differ in.
_NOT_ASKED = frozenset({"limit", "after", "cursor"})
_HASH_BYTES = 8


async def search_page(
    parts: Parts, reader: Reader, asked: SearchRequest
) -> tuple[tuple[SearchResult, ...], str | None]:
    """The results, best first, and the cursor of the next page if there is one.

    Raises:
        ProblemError: the cursor is not one of this search.
        StoreUnavailable: a store is away, or the encoder is not ready yet.
    """
    request = _hash(asked)
    page = _page(asked, request, parts.limits.page)
    question = await parts.semantic.encode(asked.query)
    found = await look(parts, reader, question, message_filter(reader, asked), page)
    shown = found[: page.limit]
    opened = await open_messages(parts.keyring, reader.subject, [each.row for each in shown])
    results = tuple(
        said.result(opened[each.row.id], each.score) for each in shown if each.row.id in opened
    )
    more = len(found) > page.limit
    return results, _cursor(shown[-1], page, request) if more else None


def _page(asked: SearchRequest, request: bytes, largest: int) -> Page:
    limit = min(asked.limit, largest)
    if asked.cursor is None:
        return Page(limit)
    try:
        place = read_search_cursor(asked.cursor, request)
    except InvalidCursor:
        raise ProblemError(problems.INVALID_CURSOR) from None
    return Page(limit, (-place.score, place.id), place.seen)


def _cursor(last: Ranked, page: Page, request: bytes) -> str:
    seen = min(page.seen + page.limit, DEEPEST)
    return search_cursor(SearchPlace(last.score, last.row.id, seen, request))


def _hash(asked: SearchRequest) -> bytes:
    said_before = asked.model_dump_json(exclude=set(_NOT_ASKED))
    return hashlib.sha256(said_before.encode()).digest()[:_HASH_BYTES]
