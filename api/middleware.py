"""What surrounds every request: its id, its limits, its metrics, and a last answer to any error."""

import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems, requestid
from api.invalid import invalid
from api.problems import ProblemError, render, template_of
from pipeline.logs import wordless
from pipeline.metrics import API_SECONDS
from schemas.refusal import Reason

log = logging.getLogger(__name__)

BODY_MAX_BYTES = 1024 * 1024

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "unmatched"


class Surroundings:
    """The outermost layer of our own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        exchange = _Exchange(requestid.begin(Headers(scope=scope).get(requestid.HEADER)), send)
        try:
            if error := _refused(scope):
                await render(error, None)(scope, receive, exchange.send)
            else:
                await self._app(scope, _limited(receive), exchange.send)
        except Exception as error:  # noqa: BLE001  the last one to see it
            await self._broken(error, scope, receive, exchange)
        finally:
            _measure(scope, exchange.status, time.perf_counter() - begun)

    async def _broken(
        self, error: Exception, scope: Scope, receive: Receive, exchange: "_Exchange"
    ) -> None:
        """Answer 500, and log where it happened."""
        log.error("500 at %s", template_of(scope), exc_info=wordless(error))
        if exchange.status is None:
            problem = render(ProblemError(problems.INTERNAL), template_of(scope))
            await problem(scope, receive, exchange.send)


class _Exchange:
    """Sends the answer with the request's id, and remembers its status."""

    def __init__(self, request_id: str, send: Send) -> None:
        self.status: int | None = None
        self._request_id = request_id
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[requestid.HEADER] = self._request_id
        await self._send(message)


def _refused(scope: Scope) -> ProblemError | None:
    """What is refused before anything is read."""
    length = Headers(scope=scope).get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > BODY_MAX_BYTES:
        return ProblemError(problems.TOO_LARGE)
    for part in ("raw_path", "query_string"):
        if not _is_text(scope.get(part) or b""):
            # Decoded leniently, two different user ids could become one.
            field = invalid(part.partition("_")[2], Reason.LONE_SURROGATE)
            return ProblemError(problems.INVALID_REQUEST, errors=(field,))
    return None


def _is_text(escaped: bytes) -> bool:
    try:
        unquote_to_bytes(escaped).decode()
    except UnicodeDecodeError:
        return False
    return True


def _limited(receive: Receive) -> Receive:
    """Stop reading a body that grows beyond the limit without having said so."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY_MAX_BYTES:
            raise HTTPException(problems.TOO_LARGE.status)
        return message

    return limited


def _measure(scope: Mapping[str, Any], status: int | None, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    labels = (method, template_of(scope) or _NO_ROUTE, str(status or "aborted"))
    API_SECONDS.labels(*labels).observe(seconds)
    log.debug("%s %s %s %.1f ms", *labels, seconds * 1000)
