"""What every exception that leaves a route becomes."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import problems
from api.invalid import invalid_fields
from api.problems import ProblemError, answer, template_of
from pipeline.errors import StoreUnavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 2
_NOT_JSON = "json_invalid"


def install(app: FastAPI) -> None:
    """Teach the app what to answer."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(HTTPException, _http)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return answer(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(each["type"] == _NOT_JSON for each in errors):
        return answer(request, ProblemError(problems.NOT_JSON))
    return answer(request, ProblemError(problems.INVALID_REQUEST, errors=invalid_fields(errors)))


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("503: %s", error)
    kind = problems.STORE_UNAVAILABLE
    detail = "try again; give events an id or a message_id, so that a second try is harmless"
    return answer(request, ProblemError(kind, detail, retry_after=RETRY_SECONDS))


async def _http(request: Request, error: Exception) -> Response:
    """Answers of the framework: their own words may quote what was sent."""
    assert isinstance(error, HTTPException)
    if error.status_code == problems.NOT_FOUND.status:
        return answer(request, ProblemError(problems.NOT_FOUND))
    if error.status_code == problems.METHOD_NOT_ALLOWED.status:
        headers = {"Allow": _allowed(request, error)}
        return answer(request, ProblemError(problems.METHOD_NOT_ALLOWED, headers=headers))
    if error.status_code == problems.TOO_LARGE.status:
        return answer(request, ProblemError(problems.TOO_LARGE))
    if error.status_code == problems.NOT_JSON.status:  # not UTF-8, too deep, endless numbers
        return answer(request, ProblemError(problems.NOT_JSON))
    return answer(request, problems.other(error.status_code, error.headers))


def _allowed(request: Request, error: HTTPException) -> str:
    """Every method of the path; routing itself names those of one route only."""
    paths: dict[str, dict[str, object]] = request.app.openapi()["paths"]
    methods = paths.get(template_of(request.scope) or "", {})
    known = (error.headers or {}).get("Allow", "")
    return ", ".join(sorted(method.upper() for method in methods)) or known
