"""What the routes share in the OpenAPI document."""

from typing import Any

from schemas.responses import Problem

READ = (400, 404, 422, 500, 503)
READ_AFTER = (409, *READ)
WRITE = (413, *READ)

_SAID = {
    400: "The body is not JSON, or `me`, a position, cursor or mode cannot be used.",
    404: "There is no such path, or the memory is not yours to ask for.",
    409: "The memory has not reached the position yet; ask again.",
    413: "The body is larger than 1 MiB, or an event larger than 256 KiB.",
    422: "The request is not valid; `errors` says where, never what was sent.",
    500: "A defect; the logs know more under the request's id.",
    503: "A store is away; ask again.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documents the statuses that a route may answer with besides its own."""
    return {status: {"model": Problem, "description": _SAID[status]} for status in statuses}
