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


class UnsupportedAnswer(BaseModel):
    """Said of a text in a language that the version does not know: no label is guessed."""

    label: None
    probability: None
    model_version: str
    language: str = Field(description="ISO 639-1 code.")
    supported: Literal[False]
    detail: str = Field(description="A sentence for a person.")


class PredictionsAnswer(BaseModel):
    """The answers for several texts, in the order asked, all by one version."""

    predictions: list[PredictionAnswer | UnsupportedAnswer]
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
    "unsupported": {
        "summary": "A text in a language that the version does not know",
        "value": {
            "label": None,
            "probability": None,
            "model_version": "7",
            "language": "nl",
            "supported": False,
            "detail": "This text seems to be in Dutch. Version 7 knows English and would only guess.",
        },
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
