"""The routes: those of Qdrant that its client calls, and our own under `/tidemark`."""

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ops.embedded.vectors import handlers
from ops.embedded.vectors.http import endpoint, unknown_route
from ops.embedded.vectors.store import Store

# The REST dialect spoken here; the client wants it within one minor version of its own.
DIALECT = "1.20.0"

ONE = "/collections/{name}"
WAIT = frozenset(("wait",))  # honoured either way: every update is applied before it is answered


async def version(_: Request) -> Response:
    """Answer what the client asks for first."""
    about = {"title": "tidemark vectors (Qdrant Edge)", "version": DIALECT}
    return Response(orjson.dumps(about), media_type="application/json")


async def healthy(_: Request) -> Response:
    """Answer once everything is loaded: before that nothing listens."""
    return PlainTextResponse("check passed\n")


ROUTES = [
    Route("/", version, methods=["GET"]),
    *(Route(path, healthy, methods=["GET"]) for path in ("/healthz", "/livez", "/readyz")),
    Route("/collections", endpoint(handlers.list_collections), methods=["GET"]),
    Route(ONE, endpoint(handlers.get_collection), methods=["GET"]),
    Route(ONE, endpoint(handlers.create_collection), methods=["PUT"]),
    Route(ONE, endpoint(handlers.drop_collection), methods=["DELETE"]),
    Route(f"{ONE}/exists", endpoint(handlers.collection_exists), methods=["GET"]),
    Route(f"{ONE}/index", endpoint(handlers.create_index, query=WAIT), methods=["PUT"]),
    Route(f"{ONE}/points", endpoint(handlers.upsert, query=WAIT), methods=["PUT"]),
    Route(f"{ONE}/points", endpoint(handlers.retrieve), methods=["POST"]),
    Route(f"{ONE}/points/delete", endpoint(handlers.delete, query=WAIT), methods=["POST"]),
    Route(f"{ONE}/points/query", endpoint(handlers.query), methods=["POST"]),
    Route(f"{ONE}/points/query/batch", endpoint(handlers.query_batch), methods=["POST"]),
    Route(f"{ONE}/points/scroll", endpoint(handlers.scroll), methods=["POST"]),
    Route(f"{ONE}/points/count", endpoint(handlers.count), methods=["POST"]),
    Route("/tidemark/state", endpoint(handlers.state), methods=["GET"]),
    Route("/tidemark/flush", endpoint(handlers.flush), methods=["POST"]),
    Route("/tidemark/rewrite/{name}", endpoint(handlers.rewrite), methods=["POST"]),
]


def create_app(store: Store) -> Starlette:
    """Put the routes around a store."""
    app = Starlette(routes=ROUTES, exception_handlers={HTTPException: unknown_route})
    app.router.redirect_slashes = False
    app.state.store = store
    return app
