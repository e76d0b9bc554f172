"""What goes into and comes out of `/v1/predict`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_TEXTS = 1_000


class PredictBody(BaseModel):
    """Either one text or several; which of them came is checked with the texts themselves."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    text: str | None = None
    texts: Annotated[list[str], Field(min_length=1, max_length=MOST_TEXTS)] | None = None


class OneText(BaseModel):
    """One text."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, description="At most VIGIE_MAX_TEXT_LENGTH characters, not blank.")


class ManyTexts(BaseModel):
    """Several texts."""

    model_config = ConfigDict(extra="forbid")

    texts: list[str] = Field(min_length=1, max_length=MOST_TEXTS)


class PredictionAnswer(BaseModel):
    """The answer for one text. `probability` is that of *positive*."""

    label: Literal["negative", "positive"]
    probability: float = Field(ge=0, le=1)
    model_version: str


class PredictionsAnswer(BaseModel):
    """The answers for several texts, in the order asked, all by one version."""

    predictions: list[PredictionAnswer]
    model_version: str


REQUEST_EXAMPLES = {
    "one": {"summary": "One text", "value": {"text": "thank you for the great flight"}},
    "many": {
        "summary": "Several texts",
        "value": {"texts": ["thank you for the great flight", "four hours late and no word from anyone"]},
    },
}
ANSWER_EXAMPLES = {
    "one": {
        "summary": "One text",
        "value": {"label": "positive", "probability": 0.981204, "model_version": "7"},
    },
    "many": {
        "summary": "Several texts",
        "value": {
            "predictions": [
                {"label": "positive", "probability": 0.981204, "model_version": "7"},
                {"label": "negative", "probability": 0.021877, "model_version": "7"},
            ],
            "model_version": "7",
        },
    },
}
