"""The API as this page sees it: three calls, typed answers, typed errors."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sentiment_ui import texts
from sentiment_ui.errors import (
    AlreadyReportedError,
    ApiAwayError,
    ForeignTextError,
    NotReadyError,
    RejectedError,
    UnexpectedAnswerError,
)

Label = Literal["negative", "positive"]
AnswerT = TypeVar("AnswerT", bound="Answer")

TIMEOUT_S = 10.0


class Answer(BaseModel):
    """What the API says; fields this page does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Prediction(Answer):
    """One tweet's answer; ``probability`` is that of *positive*, in [0, 1]."""

    label: Label
    probability: float = Field(ge=0, le=1)
    model_version: str


class _Reading(Answer):
    """What the API says of one tweet: a label, or why there is none."""

    label: Label | None
    probability: float | None = Field(ge=0, le=1)
    model_version: str
    detail: str = ""


class Registry(Answer):
    """Whether the API reaches the model registry."""

    reachable: bool = False


class ModelInfo(Answer):
    """Which version answers, since when, and which rule decided."""

    ready: bool
    name: str | None = None
    version: str | None = None
    rule: str | None = None
    max_text_length: int = Field(gt=0)
    loaded_at: datetime | None = None
    registry: Registry = Registry()


class Receipt(Answer):
    """What the API noted down for a report."""

    id: str
    wrong_prediction: bool
    duplicate: bool = False


class Report(BaseModel):
    """What a visitor says about a prediction."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    text: str
    predicted_label: Label
    probability: float
    model_version: str
    expected_label: Label
    comment: str | None = None
    visitor: str


class ApiClient:
    """Speaks to the API; safe from many threads."""

    def __init__(self, base_url: str, timeout_s: float = TIMEOUT_S) -> None:
        # trust_env=False: a proxy set for the outside world must never see a tweet.
        self._http = httpx.Client(base_url=base_url, timeout=timeout_s, trust_env=False)

    def model(self) -> ModelInfo:
        """Ask which version answers."""
        return self._call(ModelInfo, "GET", "/v1/model")

    def predict(self, text: str) -> Prediction:
        """Ask how a tweet reads.

        Raises
        ------
        ForeignTextError
            If it is in a language that the version does not know; the API says which.
        """
        reading = self._call(_Reading, "POST", "/v1/predict", {"text": text})
        if reading.label is None or reading.probability is None:
            raise ForeignTextError(reading.detail or texts.FOREIGN)
        return Prediction(
            label=reading.label, probability=reading.probability, model_version=reading.model_version
        )

    def report(self, report: Report, idempotency_key: str) -> Receipt:
        """Hand in a report; the same key again is the same report.

        Raises
        ------
        AlreadyReportedError
            If another text arrived under this key.
        """
        body = report.model_dump(exclude_none=True)
        return self._call(Receipt, "POST", "/v1/feedback", body, {"Idempotency-Key": idempotency_key})

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _call(
        self,
        kind: type[AnswerT],
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AnswerT:
        try:
            response = self._http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            raise ApiAwayError(texts.API_AWAY) from error
        except UnicodeEncodeError as error:  # a lone surrogate: no tweet, and no UTF-8 either
            raise RejectedError(texts.UNREADABLE) from error
        if response.is_success:
            try:
                return kind.model_validate_json(response.content)
            except ValidationError as error:
                raise UnexpectedAnswerError(texts.UNEXPECTED) from error
        problem = _problem(response)
        if problem is None:
            # No problem document: a proxy speaks, not the API.
            if response.is_server_error:
                raise ApiAwayError(texts.API_AWAY)
            raise UnexpectedAnswerError(texts.UNEXPECTED)
        if problem.type == _NO_MODEL:
            raise NotReadyError(texts.NOT_READY)
        if response.status_code == httpx.codes.CONFLICT:
            raise AlreadyReportedError(texts.ALREADY_REPORTED)
        if response.is_client_error:
            raise RejectedError(problem.detail or problem.title)
        raise ApiAwayError(texts.API_AWAY)


_NO_MODEL = "urn:vigie:problem:no-model"


class _Problem(Answer):
    type: str = "about:blank"
    title: str
    detail: str = ""


def _problem(response: httpx.Response) -> _Problem | None:
    try:
        return _Problem.model_validate_json(response.content)
    except ValidationError:
        return None
