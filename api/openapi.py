"""The OpenAPI document: problems in their own media type, and the headers of every answer."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE

_JSON = "application/json"
_PROBLEM = "#/components/schemas/Problem"
_REQUEST_ID = {
    "X-Request-ID": {
        "description": "The request's id: yours, or a new one. The logs know it.",
        "schema": {"type": "string"},
    }
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
_RETRIED = frozenset({"409", "503"})


def document(app: FastAPI) -> dict[str, Any]:
    """The document of the app's routes, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        for path in made["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    _complete(status, response)
        app.openapi_schema = made
    return app.openapi_schema


def _complete(status: str, response: dict[str, Any]) -> None:
    content = response.get("content", {})
    problem = content.get(_JSON, {}).get("schema", {}).get("$ref") == _PROBLEM
    if problem:
        content[MEDIA_TYPE] = content.pop(_JSON)
    headers = _REQUEST_ID | (_RETRY_AFTER if problem and status in _RETRIED else {})
    response.setdefault("headers", {}).update(headers)
