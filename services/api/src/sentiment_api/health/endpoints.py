"""`/health/live`, `/health/ready` and `/metrics`."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from sentiment_api.errors import NoModelError
from sentiment_api.health.schemas import Alive, Ready
from sentiment_api.problems import in_openapi

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="Does the process run?")
async def live() -> Alive:
    """Answer 200 while the process runs, whatever else is down."""
    return Alive()


@router.get("/health/ready", summary="Does a version answer?", responses=in_openapi(NoModelError))
async def ready(request: Request) -> Ready:
    """Answer 200 when a version is loaded; else 503 with the reason."""
    return Ready(model_version=request.app.state.parts.serving.loaded().version)


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": 'vigie_model_info{version="7"} 1.0'}}}},
)
async def metrics(request: Request) -> Response:
    """Return every number that all workers of this machine counted."""
    return Response(request.app.state.parts.metrics.page(), media_type=CONTENT_TYPE_LATEST)
