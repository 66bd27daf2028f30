"""The id that a request carries through answers and logs."""

import logging
import re
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-ID"

_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="-")


def begin(given: str | None) -> str:
    """Take over a caller's id if it is short and plain, else make one."""
    chosen = given if given is not None and _SANE.fullmatch(given) else str(uuid4())
    _current.set(chosen)
    return chosen


def current() -> str:
    """The id of the request that is being answered; `-` outside of one."""
    return _current.get()


class RequestIdFilter(logging.Filter):
    """Puts the request's id before the message of a log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record and let it pass."""
        if (known := current()) != "-":
            record.msg = f"[{known}] {record.msg}"
        return True
