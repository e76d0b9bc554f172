"""`POST /v1/feedback`."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sentiment_api.bodies import read_json
from sentiment_api.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    DatabaseUnavailableError,
    EmptyTextError,
    IdempotencyConflictError,
    InternalError,
    InvalidJsonError,
    InvalidRequestError,
    TextTooLongError,
    UnsupportedMediaTypeError,
)
from sentiment_api.feedback.schemas import (
    ANSWER_EXAMPLE,
    REQUEST_EXAMPLES,
    FeedbackAnswer,
    FeedbackBody,
)
from sentiment_api.predict.service import check_text
from sentiment_api.problems import in_openapi

router = APIRouter(tags=["feedback"])

_LONGEST_KEY = 255


@router.post(
    "/v1/feedback",
    status_code=201,
    summary="Say what a prediction should have been",
    response_model=FeedbackAnswer,
    responses={
        200: {
            "model": FeedbackAnswer,
            "description": "Sent before; counted once",
            "content": {"application/json": {"example": ANSWER_EXAMPLE | {"duplicate": True}}},
        },
        201: {
            "description": "Stored for good",
            "content": {"application/json": {"example": ANSWER_EXAMPLE}},
        },
        **in_openapi(
            InvalidJsonError,
            BodyTimeoutError,
            IdempotencyConflictError,
            BodyTooLargeError,
            UnsupportedMediaTypeError,
            InvalidRequestError,
            EmptyTextError,
            TextTooLongError,
            InternalError,
            DatabaseUnavailableError,
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": FeedbackBody.model_json_schema(),
                    "examples": REQUEST_EXAMPLES,
                }
            },
        }
    },
)
async def feedback(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(description="Your own name for this feedback: sent again, it counts once.")
    ] = None,
) -> Response:
    """Store a feedback. 201 means that it is on the disk; personal details were masked before."""
    parts = request.app.state.parts
    body = await read_json(request, FeedbackBody)
    check_text(body.text, "/text", parts.settings.max_text_length)
    if idempotency_key is not None and not 1 <= len(idempotency_key) <= _LONGEST_KEY:
        raise InvalidRequestError(f"the Idempotency-Key must have 1 to {_LONGEST_KEY} characters")
    answer: FeedbackAnswer = await run_in_threadpool(parts.feedback.record, body, idempotency_key)
    if answer.wrong_prediction and not answer.duplicate:
        parts.outbox.wake()
    return Response(answer.model_dump_json(), 200 if answer.duplicate else 201, media_type="application/json")
