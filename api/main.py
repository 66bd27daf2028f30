"""The app: routes, errors and surroundings around the parts that answer."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from ipaddress import ip_address

from fastapi import FastAPI

from api import handlers, openapi
from api.middleware import Surroundings
from api.parts import OpenSemantic, configured, opened, query_side
from api.routes import context, health, messages, profile, search, store, usage, users
from pipeline.errors import EXIT_CONFIG, EXIT_FATAL, ConfigError
from pipeline.logs import wordless
from pipeline.settings import Settings

log = logging.getLogger(__name__)

ROUTERS = (store, context, search, profile, usage, messages, users, health)

_DESCRIPTION = """\
Conversational memory for AI assistants. Everything that changes memory is an event on a log: it
is answered with 202 and a `position`, which a later read takes as `after` to see its effect.
What is remembered comes back as data, never as instructions. Errors are RFC 9457 problems and
never repeat what was sent.
"""
_TAGS = [
    {"name": "write", "description": "Published as events; 202 when the log has them."},
    {"name": "read", "description": "From the views, opened with the user's own keys."},
    {"name": "admin", "description": "For operators."},
    {"name": "operate", "description": "Health and metrics."},
]


def create_app(settings: Settings, open_semantic: OpenSemantic = query_side) -> FastAPI:
    """The app for these settings; nothing is connected before it starts.

    There are no keys and tokens yet. So that nobody's memory lies open, an API in production
    serves loopback only; put nothing in front of it that lets others in.

    Raises:
        ConfigError: keys or addresses are missing or wrong, or it would serve more than loopback.
    """
    if not _is_loopback(settings.api_host):
        raise ConfigError(["API_HOST: without keys for callers the API serves loopback only"])
    configuration = configured(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(configuration, open_semantic, leave_if_broken) as parts:
            app.state.parts = parts
            yield

    app = FastAPI(
        title="Tidemark",
        summary="What should the model know about this user right now?",
        description=_DESCRIPTION,
        version=version("tidemark"),
        openapi_tags=_TAGS,
        lifespan=lifespan,
        redirect_slashes=False,
        redoc_url=None,
    )
    for module in ROUTERS:
        app.include_router(module.router)
    handlers.install(app)
    app.add_middleware(Surroundings)
    app.openapi = partial(openapi.document, app)  # type: ignore[method-assign]
    return app


def leave_if_broken(task: asyncio.Task[None]) -> None:
    """End the process when what runs in the background has failed: the supervisor starts it anew.

    A process that answers with half of its parts would look healthy.
    """
    error = None if task.cancelled() else task.exception()
    if error is None:
        return
    if isinstance(error, ConfigError):
        refuse(error)
        os._exit(EXIT_CONFIG)
    log.critical("leaving", exc_info=wordless(error))
    logging.shutdown()
    os._exit(EXIT_FATAL)


def refuse(error: ConfigError) -> None:
    """Say why it does not start, one line a reason."""
    for reason in error.reasons:
        print(reason, file=sys.stderr)  # noqa: T201  the reason to refuse
    logging.shutdown()
    sys.stderr.flush()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name that may lead anywhere
        return False
