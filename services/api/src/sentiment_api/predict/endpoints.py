"""`POST /v1/predict`.

The request is read and the answer written without FastAPI's own parsing and serialising: this is the call
whose speed matters, and those cost more than scoring a tweet does.
"""

import pydantic_core
from fastapi import APIRouter, Request
from starlette.responses import Response

from sentiment import ForeignText, language_names
from sentiment_api.bodies import read_json
from sentiment_api.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    EmptyTextError,
    InternalError,
    InvalidJsonError,
    InvalidRequestError,
    ModelFailedError,
    NoModelError,
    OverloadedError,
    TextTooLongError,
    UnsupportedMediaTypeError,
)
from sentiment_api.model.service import Loaded
from sentiment_api.predict.schemas import (
    ANSWER_EXAMPLES,
    REQUEST_EXAMPLES,
    ManyTexts,
    OneText,
    PredictBody,
    PredictionAnswer,
    PredictionsAnswer,
    UnsupportedAnswer,
)
from sentiment_api.predict.service import texts_of
from sentiment_api.problems import in_openapi

router = APIRouter(tags=["predict"])

# Digits of a probability: float32 knows no more.
_DIGITS = 6


@router.post(
    "/v1/predict",
    summary="Label one text, or up to a thousand",
    response_model=PredictionAnswer | UnsupportedAnswer | PredictionsAnswer,
    responses={
        200: {"content": {"application/json": {"examples": ANSWER_EXAMPLES}}},
        **in_openapi(
            InvalidJsonError,
            BodyTimeoutError,
            BodyTooLargeError,
            UnsupportedMediaTypeError,
            InvalidRequestError,
            EmptyTextError,
            TextTooLongError,
            ModelFailedError,
            InternalError,
            NoModelError,
            OverloadedError,
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [OneText.model_json_schema(), ManyTexts.model_json_schema()]},
                    "examples": REQUEST_EXAMPLES,
                }
            },
        }
    },
)
async def predict(request: Request) -> Response:
    """Answer with the label and the probability of *positive*, and the version that said so.

    A text that is surely in a language which the version does not know gets no label: it says so instead.
    """
    parts = request.app.state.parts
    body = await read_json(request, PredictBody)
    texts, alone = texts_of(body, parts.settings.max_text_length)
    loaded = parts.serving.loaded()
    predictions = [
        _unread(prediction, loaded)
        if isinstance(prediction, ForeignText)
        else {
            "label": prediction.label,
            "probability": round(prediction.probability, _DIGITS),
            "model_version": loaded.version,
        }
        for prediction in await parts.scorer.score(loaded, texts)
    ]
    content = predictions[0] if alone else {"predictions": predictions, "model_version": loaded.version}
    return Response(pydantic_core.to_json(content), media_type="application/json")


def _unread(text: ForeignText, loaded: Loaded) -> dict[str, object]:
    known = language_names(loaded.bundle.manifest.languages)
    return {
        "label": None,
        "probability": None,
        "model_version": loaded.version,
        "language": text.language,
        "supported": False,
        "detail": (
            f"This text seems to be in {language_names([text.language])}. "
            f"Version {loaded.version} knows {known} and would only guess."
        ),
    }
