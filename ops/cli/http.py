"""Questions to a running API."""

import json
import urllib.error
import urllib.request
from typing import Any

from pipeline.errors import TidemarkError

_SECONDS = 30


class ApiError(TidemarkError):
    """The API answered with a problem, or not at all; the text says what can be done."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status  # of HTTP; 0: no answer


def get(base: str, path: str) -> Any:
    """The JSON answer to a GET; raises `ApiError`."""
    return _answer(urllib.request.Request(base + path))  # noqa: S310  the stack's own address


def post(base: str, path: str, body: dict[str, Any]) -> Any:
    """The JSON answer to a POST of JSON; raises `ApiError`."""
    request = urllib.request.Request(  # noqa: S310  the stack's own address
        base + path,
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method="POST",
    )
    return _answer(request)


def _answer(request: urllib.request.Request) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as reply:  # noqa: S310
            return json.load(reply)
    except urllib.error.HTTPError as error:
        raise ApiError(_problem(error), error.code) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        where = f"{request.type}://{request.host}"
        raise ApiError(f"no API answers at {where}: start one with `tidemark up`") from None


def _problem(error: urllib.error.HTTPError) -> str:
    """The title and detail of an RFC 9457 problem, which never holds what was sent."""
    try:
        problem = json.load(error)
        parts = [problem["title"], problem.get("detail")]
    except (ValueError, KeyError, TypeError):
        parts = [error.reason]
    return f"the API answers {error.code}: " + "; ".join(str(part) for part in parts if part)
