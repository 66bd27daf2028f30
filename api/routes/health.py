"""How the service is, for load balancers, operators and Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.parts import WithParts
from api.readiness import readiness
from schemas.responses import Live, Ready

router = APIRouter(tags=["operate"])


@router.get("/health/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get(
    "/health/ready",
    responses={503: {"model": Ready, "description": "Nothing can be read now."}},
)
async def ready(parts: WithParts, response: Response) -> Ready:
    """Every part: whether it is reachable, how far behind, and what to do about it.

    It is looked at every few seconds, not for this request.
    """
    state = readiness(await parts.monitor.latest())
    if state.status == "down":
        response.status_code = 503
    return state


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics() -> Response:
    """Metrics in the text format of Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
