"""`GET /v1/model`: which version answers, and why that one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from sentiment_api.model.schemas import EXAMPLE, ModelState
from sentiment_api.model.service import Serving

router = APIRouter(tags=["model"])


def _serving(request: Request) -> Serving:
    serving: Serving = request.app.state.parts.serving
    return serving


@router.get(
    "/v1/model",
    summary="Which version answers",
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}},
)
async def model(serving: Annotated[Serving, Depends(_serving)]) -> ModelState:
    """Say which version answers, by which rule, since when, and which versions were refused why.

    Answers 200 without a version too: `ready` is false then.
    """
    return serving.describe()
