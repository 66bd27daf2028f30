"""Qdrant's answers as our errors; none carries what Qdrant said, which may quote points.

no connection, no answer in time, 5xx, 408, 429   -> StoreUnavailable
401, 403   the key is refused                     -> StoreUnavailable (ConfigError at start)
404        the collection is gone                 -> StoreUnavailable: no record is at fault
other 4xx  what was sent is refused               -> DataError
"""

from collections.abc import Iterator
from contextlib import contextmanager

from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from pipeline.errors import DataError, StoreUnavailable

UNAUTHORISED = (401, 403)
NOT_FOUND = 404
CONFLICT = 409
REFUSED = "vector_store_refused"

_LATER = {
    401: "Qdrant refuses the API key",
    403: "Qdrant refuses the API key",
    404: "the vector collection does not exist",
    408: "Qdrant took too long",
    429: "Qdrant asks to wait",
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn every error of the client into one of ours."""
    try:
        yield
    except UnexpectedResponse as answer:
        raise _from_status(answer.status_code or 500) from None
    except ResourceExhaustedResponse:
        raise StoreUnavailable(_LATER[429]) from None
    except ResponseHandlingException as error:
        kind = type(error.source).__name__
        raise StoreUnavailable(f"Qdrant cannot be reached ({kind})") from None


def _from_status(status: int) -> Exception:
    if status in _LATER:
        return StoreUnavailable(_LATER[status])
    if status >= 500:
        return StoreUnavailable(f"Qdrant failed (status {status})")
    return DataError(REFUSED)
