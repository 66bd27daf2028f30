"""Requests in, answers out, in Qdrant's shape; the checks that every request passes."""

import logging
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ops.embedded.vectors.refused import EngineFailed, Refused
from ops.embedded.vectors.store import Store

MAX_BODY_BYTES = 32 * 2**20  # as Qdrant's default

# A page in a browser must not reach us under a name that resolves to this machine.
LOOPBACK_NAMES = frozenset(("127.0.0.1", "localhost", "::1"))

Handler = Callable[[Store, Request], Awaitable[Any]]
Endpoint = Callable[[Request], Awaitable[Response]]

log = logging.getLogger(__name__)


def endpoint(handler: Handler, *, query: frozenset[str] = frozenset()) -> Endpoint:
    """Wrap a handler: check the request, answer its result or its refusal."""

    async def answer(request: Request) -> Response:
        started = perf_counter()
        try:
            _check(request, query)
            result = await handler(request.app.state.store, request)
        except Refused as refused:
            return failure(refused.status, refused.message, started)
        except EngineFailed as failed:
            log.error("%s: %s", handler.__name__, failed)  # noqa: TRY400  a traceback may quote points
            return failure(500, "Service internal error", started)
        return _json(200, {"result": result, "status": "ok", "time": perf_counter() - started})

    return answer


async def body_of(request: Request) -> Any:
    """Return the parsed JSON body; `Refused` 415, 413 or 400."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused(415, "the body is application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, f"a body has at most {MAX_BODY_BYTES} bytes")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(400, "the body is not JSON") from None


def failure(status: int, message: str, started: float) -> Response:
    """Answer an error as Qdrant does."""
    shape = {"status": {"error": message}, "time": perf_counter() - started}
    return _json(status, shape)


async def unknown_route(_: Request, error: Exception) -> Response:
    """Answer 404 and 405 in Qdrant's shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return failure(status, "no such route here", perf_counter())


def _check(request: Request, query: frozenset[str]) -> None:
    if request.url.hostname not in LOOPBACK_NAMES:
        raise Refused(403, "only loopback names are answered")
    if not request.query_params.keys() <= query:
        raise Refused(400, "unknown query parameter")


def _json(status: int, content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
