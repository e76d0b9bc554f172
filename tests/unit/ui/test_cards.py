from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment_ui import cards
from sentiment_ui.client import ModelInfo
from sentiment_ui.history import Entry

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "</blockquote><h1>",
    "&lt;b&gt;",
    "\"' onload=",
]


def an_entry(**changes: object) -> Entry:
    values = {
        "id": "e1",
        "text": "lost bag",
        "label": "negative",
        "probability": 0.03,
        "model_version": "7",
        "at": datetime(2026, 11, 21, 8, 15, tzinfo=UTC),
    }
    return Entry.model_validate(values | changes)


def a_model(**changes: object) -> ModelInfo:
    values = {
        "ready": True,
        "name": "tweet-sentiment",
        "version": "7",
        "rule": "stage:Production",
        "max_text_length": 1000,
        "loaded_at": datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
        "loaded_from": "registry",
        "registry": {"reachable": True},
    }
    return ModelInfo.model_validate(values | changes)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_tweet_is_shown_as_text_and_never_run(text: str) -> None:
    for html in (
        cards.result(an_entry(text=text), a_model(), UTC),
        cards.history((an_entry(text=text),), UTC),
    ):
        assert text not in html
        assert "<script" not in html
        assert "<img" not in html


@given(st.text())
def test_no_tweet_adds_a_tag_to_the_result(text: str) -> None:
    plain = cards.result(an_entry(text=""), a_model(), UTC)
    html = cards.result(an_entry(text=text), a_model(), UTC)

    assert plain.count("<") == html.count("<")


@pytest.mark.parametrize("field", ["name", "rule", "version"])
def test_what_the_api_says_is_escaped_too(field: str) -> None:
    hostile = "<script>alert(1)</script>"
    model = a_model(**{field: hostile})
    entry = an_entry(model_version=model.version)

    assert "<script" not in cards.result(entry, model, UTC) + cards.status(model) + cards.history(
        (entry,), UTC
    )
    assert "<script" not in cards.notice("No", hostile)


@pytest.mark.parametrize(
    ("label", "probability", "shown"),
    [
        ("negative", 0.03, "97\u202f%"),
        ("positive", 0.94, "94\u202f%"),
        ("negative", 0.0001, "&gt;99\u202f%"),
        ("positive", 1.0, "&gt;99\u202f%"),
        ("negative", 0.45, "55\u202f%"),
    ],
)
def test_the_result_names_the_label_with_its_own_probability(
    label: str, probability: float, shown: str
) -> None:
    html = cards.result(an_entry(label=label, probability=probability), a_model(), UTC)

    assert f"<b>{shown}</b>" in html
    assert f"<h2>{label.capitalize()}</h2>" in html


def test_the_result_says_which_version_answered_since_when_and_why() -> None:
    html = cards.result(an_entry(), a_model(), UTC)

    assert "tweet-sentiment, version 7" in html
    assert "21 Nov 2026, 08:00" in html
    assert "newest in stage Production" in html


def test_an_alias_is_named_as_the_rule() -> None:
    assert "alias champion names it" in cards.result(an_entry(), a_model(rule="alias:champion"), UTC)


def test_when_another_version_took_over_only_what_the_answer_said_is_claimed() -> None:
    html = cards.result(an_entry(model_version="7"), a_model(version="8"), UTC)

    assert "version 7" in html
    assert "stage Production" not in html


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (None, "Prediction service away"),
        (a_model(ready=False, version=None), "No version in service yet"),
        (a_model(), "On watch: version 7"),
        (a_model(registry={"reachable": False}), "registry away"),
    ],
)
def test_the_pill_says_who_is_on_watch(model: ModelInfo | None, words: str) -> None:
    assert words in cards.status(model)


def test_colour_is_never_the_only_sign() -> None:
    for label in ("negative", "positive"):
        html = cards.history((an_entry(label=label),), UTC)

        assert f"vg-icon-{label}" in html
        assert label.capitalize() in html
