"""What goes into and comes out of `/v1/feedback`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Label = Literal["negative", "positive"]


class FeedbackBody(BaseModel):
    """What was predicted, and what should have been."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    text: str = Field(description="As it was scored; masked before it is stored.")
    predicted_label: Label
    probability: float = Field(ge=0, le=1, allow_inf_nan=False, description="Of *positive*, as answered.")
    model_version: str = Field(pattern=r"^\d{1,18}$", description="As answered.")
    expected_label: Label
    comment: str | None = Field(None, max_length=2_000, description="Masked like the text.")
    visitor: str | None = Field(
        None,
        max_length=200,
        description="An opaque random token; two visitors who report the same text count as two.",
    )


class FeedbackAnswer(BaseModel):
    """The feedback is on disk."""

    id: str
    wrong_prediction: bool
    duplicate: bool


REQUEST_EXAMPLES = {
    "wrong": {
        "summary": "A wrong prediction",
        "value": {
            "text": "@airparadis four hours late and no word from anyone. Great job!",
            "predicted_label": "positive",
            "probability": 0.871204,
            "model_version": "7",
            "expected_label": "negative",
            "comment": "sarcasm",
            "visitor": "q8Jd0s7vT2",
        },
    }
}
ANSWER_EXAMPLE = {
    "id": "3c1f5f0e8a5d4b0c9e2f7a6b1d0c4e8f",
    "wrong_prediction": True,
    "duplicate": False,
}
