from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sentiment_ui.client import ApiClient, Report
from sentiment_ui.errors import (
    AlreadyReportedError,
    ApiAwayError,
    ForeignTextError,
    NotReadyError,
    PageError,
    RejectedError,
    UnexpectedAnswerError,
)

if TYPE_CHECKING:
    from tests.unit.ui.conftest import FakeApi


@pytest.fixture
def client(api: FakeApi) -> Iterator[ApiClient]:
    client = ApiClient(api.url, timeout_s=5)
    yield client
    client.close()


def a_report(**changes: object) -> Report:
    values = {
        "text": "lost bag",
        "predicted_label": "negative",
        "probability": 0.03,
        "model_version": "7",
        "expected_label": "positive",
        "visitor": "v",
    }
    return Report.model_validate(values | changes)


def test_a_prediction_says_label_probability_and_version(client: ApiClient) -> None:
    answer = client.predict("lost bag")

    assert (answer.label, answer.probability, answer.model_version) == ("negative", 0.03, "7")


def test_a_tweet_in_an_unknown_language_is_no_prediction(client: ApiClient, api: FakeApi) -> None:
    api.foreign = "This text seems to be in Dutch. Version 7 knows English and would only guess."

    with pytest.raises(ForeignTextError, match="seems to be in Dutch"):
        client.predict("mijn vlucht was weer te laat")


def test_the_model_says_its_limit_and_which_rule_decided(client: ApiClient) -> None:
    model = client.model()

    assert (
        model.ready,
        model.version,
        model.max_text_length,
        model.rule,
    ) == (True, "7", 1000, "stage:Production")


def test_a_model_that_is_not_there_yet_is_an_answer_too(client: ApiClient, api: FakeApi) -> None:
    api.ready = False

    assert (client.model().ready, client.model().version) == (False, None)


def test_a_report_sent_twice_under_one_key_is_one_report(client: ApiClient, api: FakeApi) -> None:
    first, second = client.report(a_report(), "key"), client.report(a_report(), "key")

    assert (first.duplicate, second.duplicate) == (False, True)
    assert len(api.reports) == 1


def test_another_text_under_the_same_key_is_no_second_report(client: ApiClient) -> None:
    client.report(a_report(), "key")

    with pytest.raises(AlreadyReportedError):
        client.report(a_report(comment="more"), "key")


def test_an_empty_comment_is_left_out(client: ApiClient, api: FakeApi) -> None:
    client.report(a_report(comment=None), "key")

    assert "comment" not in api.reports[0]


def test_without_a_version_the_error_says_so(client: ApiClient, api: FakeApi) -> None:
    api.ready = False

    with pytest.raises(NotReadyError, match="No model version"):
        client.predict("lost bag")


def test_a_refusal_carries_the_reason_that_the_api_gave(client: ApiClient, api: FakeApi) -> None:
    problem = b'{"type":"urn:vigie:problem:x","title":"No","status":422,"detail":"the text is empty"}'
    api.raw = (422, "application/problem+json", problem)

    with pytest.raises(RejectedError, match="the text is empty"):
        client.predict("")


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (502, b"<html>Bad gateway</html>", ApiAwayError),
        (502, b'{"type":"urn:x","title":"The API does not answer","status":502}', ApiAwayError),
        (500, b'{"type":"urn:x","title":"Internal","status":500}', ApiAwayError),
        (503, b'{"type":"urn:vigie:problem:database-unavailable","title":"-","status":503}', ApiAwayError),
        (404, b"nobody here", UnexpectedAnswerError),
        (200, b"<html>a captive portal</html>", UnexpectedAnswerError),
        (200, b'{"label":"neutral","probability":0.5,"model_version":"1"}', UnexpectedAnswerError),
        (200, b'{"label":"positive","probability":7,"model_version":"1"}', UnexpectedAnswerError),
        (200, b"", UnexpectedAnswerError),
        (200, b"\xff\xfe", UnexpectedAnswerError),
    ],
)
def test_what_does_not_keep_the_contract_is_told_apart(
    client: ApiClient, api: FakeApi, status: int, content: bytes, error: type[Exception]
) -> None:
    api.raw = (status, "text/html", content)

    with pytest.raises(error):
        client.predict("lost bag")


def test_nobody_listening_is_an_api_that_is_away() -> None:
    client = ApiClient("http://127.0.0.1:9", timeout_s=1)

    with pytest.raises(ApiAwayError):
        client.model()
    client.close()


def test_half_a_character_is_refused_before_it_is_sent(client: ApiClient) -> None:
    with pytest.raises(PageError):
        client.predict("\ud83d")
