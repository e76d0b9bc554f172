"""The ceiling: FastAPI with the same request and answer, and nothing to compute."""

from typing import Annotated, Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()

Text = Annotated[str, Field(min_length=1, max_length=1_000)]


class Request(BaseModel):
    """As Vigie's API takes it."""

    text: Text | None = None
    texts: Annotated[list[Text], Field(min_length=1, max_length=1_000)] | None = None


class Prediction(BaseModel):
    """As Vigie's API gives it."""

    label: Literal["negative", "positive"]
    probability: float
    model_version: str


class Predictions(BaseModel):
    """For several texts."""

    predictions: list[Prediction]
    model_version: str


CONSTANT = Prediction(label="negative", probability=0.03, model_version="1")


@app.post("/v1/predict")
async def predict(request: Request) -> Prediction | Predictions:
    """Answer the same to everybody."""
    if request.texts is None:
        return CONSTANT
    return Predictions(predictions=[CONSTANT] * len(request.texts), model_version="1")
