"""Errors as RFC 9457 problem documents, which never hold what was sent.

400 not-json, me-without-user, invalid-position, invalid-cursor, unsupported-mode
404 not-found     405 method-not-allowed     409 views-behind
413 too-large     422 invalid-request        500 internal     503 store-unavailable
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from api.requestid import current
from schemas.responses import Behind, InvalidField, Problem

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the last part of its `type`, the HTTP status, and a few words."""

    slug: str
    status: int
    title: str


NOT_JSON = Kind("not-json", 400, "The body is not JSON that can be read")
ME_WITHOUT_USER = Kind("me-without-user", 400, "Nobody is named by this request")
INVALID_POSITION = Kind("invalid-position", 400, "The position is not one of this log")
INVALID_CURSOR = Kind("invalid-cursor", 400, "The cursor does not belong to this request")
UNSUPPORTED_MODE = Kind("unsupported-mode", 400, "This mode of search is not offered yet")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "This is not done here")
VIEWS_BEHIND = Kind("views-behind", 409, "The memory has not reached the position yet")
TOO_LARGE = Kind("too-large", 413, "The body is too large")
INVALID_REQUEST = Kind("invalid-request", 422, "The request is not valid")
INTERNAL = Kind("internal", 500, "Something is broken here")
STORE_UNAVAILABLE = Kind("store-unavailable", 503, "A store cannot be reached now")


@dataclass(eq=False)
class ProblemError(Exception):
    """Ends a request with a problem document."""

    kind: Kind
    detail: str | None = None
    errors: tuple[InvalidField, ...] = ()
    behind: tuple[Behind, ...] = ()
    retry_after: int | None = None  # seconds
    headers: Mapping[str, str] = field(default_factory=dict)


def render(error: ProblemError, instance: str | None) -> Response:
    """The response of a problem; `instance` is a path template."""
    problem = Problem(
        type=f"/problems/{error.kind.slug}",
        title=error.kind.title,
        status=error.kind.status,
        detail=error.detail,
        instance=instance,
        request_id=current(),
        errors=error.errors,
        behind=error.behind,
    )
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    content = problem.model_dump_json(exclude_none=True, exclude_defaults=False)
    return Response(content, error.kind.status, headers, MEDIA_TYPE)


def answer(request: Request, error: ProblemError) -> Response:
    """The response of a problem that a request met."""
    return render(error, template_of(request.scope))


def template_of(scope: Mapping[str, object]) -> str | None:
    """The path template of the route that matched, if one did."""
    return getattr(scope.get("route"), "path_format", None)


def other(status: int, headers: Mapping[str, str] | None = None) -> ProblemError:
    """The problem of an HTTP status that has no kind of its own."""
    title = HTTPStatus(status).phrase
    slug = title.lower().replace(" ", "-").replace("'", "")
    return ProblemError(Kind(slug, status, title), headers=headers or {})
