"""`python -m api`: serve the API until SIGTERM."""

import logging
import signal
import sys
from types import FrameType
from typing import NoReturn

import uvicorn

from api.main import create_app, refuse
from api.requestid import RequestIdFilter
from pipeline.errors import EXIT_CONFIG, ConfigError
from pipeline.logs import configure
from pipeline.settings import settings

STOP_SECONDS = 5


def main() -> None:
    """Serve; exits 78 with one line a reason where the configuration refuses to start."""
    try:
        configured = settings()
        configure(configured.tidemark_log_level)
        app = create_app(configured)
    except ConfigError as error:
        refuse(error)
        sys.exit(EXIT_CONFIG)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopped)  # uvicorn stops in order first, then raises it again
    for handler in logging.getLogger().handlers:
        handler.addFilter(RequestIdFilter())
    uvicorn.run(
        app,
        host=configured.api_host,
        port=configured.api_port,
        access_log=False,  # its lines hold user ids
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def _stopped(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
