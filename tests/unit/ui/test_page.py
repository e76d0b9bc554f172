from __future__ import annotations

import sys
from importlib import resources
from typing import TYPE_CHECKING

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from sentiment_ui import texts

if TYPE_CHECKING:
    from tests.unit.ui.conftest import FakeApi

PAGE = str(resources.files("sentiment_ui").joinpath("app.py"))


@pytest.fixture
def page(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("VIGIE_API_URL", api.url)
    # Streamlit puts the page in its place and leaves it there; processes that later tests spawn would run it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    st.cache_resource.clear()
    st.cache_data.clear()
    return AppTest.from_file(PAGE, default_timeout=20).run()


def shown(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


def read(page: AppTest, tweet: str) -> AppTest:
    page.text_area(key="tweet").set_value(tweet)
    return page.button(key="read").click().run()


def send_report(page: AppTest) -> AppTest:
    return next(button for button in page.button if button.label == texts.SEND_REPORT).click().run()


def test_before_the_first_tweet_the_page_invites_and_explains_privacy(page: AppTest) -> None:
    assert not page.exception
    assert texts.WAITING_TITLE in shown(page)
    assert all(short in shown(page) for short, _ in texts.PRIVACY)
    assert "On watch: version 7" in shown(page)


def test_a_tweet_is_answered_and_enters_the_history(page: AppTest, api: FakeApi) -> None:
    read(page, "lost bag")

    assert api.predicted == ["lost bag"]
    assert "vg-result vg-negative" in shown(page)
    assert "Negative · 97\u202f%" in shown(page)


def test_a_tweet_in_an_unknown_language_is_said_so_and_no_label_is_shown(page: AppTest, api: FakeApi) -> None:
    api.foreign = "This text seems to be in Dutch. Version 7 knows English and would only guess."

    read(page, "mijn vlucht was weer te laat")

    assert not page.exception
    assert texts.FOREIGN_TITLE in shown(page)
    assert api.foreign in shown(page)
    assert "vg-result vg-" not in shown(page)
    assert texts.HISTORY_EMPTY in shown(page)
    assert page.text_area(key="tweet").value == "mijn vlucht was weer te laat"


def test_an_example_is_read_at_once(page: AppTest, api: FakeApi) -> None:
    next(button for button in page.button if button.label == "Kind crew").click().run()

    assert [texts.EXAMPLES["Kind crew"]] == api.predicted
    assert texts.EXAMPLES["Kind crew"] == page.text_area(key="tweet").value


@pytest.mark.parametrize("tweet", ["", "   \n "])
def test_nothing_is_no_tweet(page: AppTest, api: FakeApi, tweet: str) -> None:
    read(page, tweet)

    assert texts.EMPTY in shown(page)
    assert api.predicted == []


def test_a_text_that_is_too_long_is_kept_and_measured(page: AppTest, api: FakeApi) -> None:
    read(page, "x" * 1003)

    assert "1,003 characters are too many: 1,000 can be read. Shorten it by 3." in shown(page)
    assert page.text_area(key="tweet").value == "x" * 1003
    assert api.predicted == []


def test_while_the_api_is_away_the_text_stays_and_trying_again_works(page: AppTest, api: FakeApi) -> None:
    api.raw = (502, "text/html", b"gone")
    read(page, "lost bag")

    assert texts.API_AWAY in shown(page)
    assert (page.text_area(key="tweet").value, page.button(key="read").label) == ("lost bag", texts.RETRY)

    api.raw = None
    page.button(key="read").click().run()

    assert "vg-result vg-negative" in shown(page)
    assert texts.API_AWAY not in shown(page)


def test_without_a_version_the_page_says_so(page: AppTest, api: FakeApi) -> None:
    api.ready = False
    read(page, "lost bag")

    assert texts.NOT_READY in shown(page)


def test_the_other_label_is_preselected_and_a_report_is_thanked_for(page: AppTest, api: FakeApi) -> None:
    read(page, "lost bag")

    assert page.radio[0].value == "positive"

    page.text_area[1].set_value("irony")
    send_report(page)

    assert texts.THANKS_TITLE in shown(page)
    assert "reported as positive" in shown(page)
    report = api.reports[0]
    assert tuple(
        report[name]
        for name in ("text", "predicted_label", "probability", "model_version", "expected_label", "comment")
    ) == ("lost bag", "negative", 0.03, "7", "positive", "irony")


def test_a_report_can_be_sent_once_only(page: AppTest, api: FakeApi) -> None:
    read(page, "lost bag")
    send_report(page)

    assert not any(button.label == texts.SEND_REPORT for button in page.button)
    assert len(api.reports) == 1


def test_a_report_that_fails_keeps_what_was_written_and_its_key(page: AppTest, api: FakeApi) -> None:
    read(page, "lost bag")
    page.text_area[1].set_value("irony")
    api.raw = (502, "text/html", b"gone")
    send_report(page)

    assert texts.REPORT_PROBLEM_TITLE in shown(page)
    assert page.text_area[1].value == "irony"

    api.raw = None
    send_report(page)

    assert texts.THANKS_TITLE in shown(page)
    assert len(api.reports) == 1


def test_a_report_whose_answer_was_lost_counts_once_though_the_visitor_went_on_writing(
    page: AppTest, api: FakeApi
) -> None:
    read(page, "lost bag")
    api.loses_answers = True
    send_report(page)
    assert texts.REPORT_PROBLEM_TITLE in shown(page)

    api.loses_answers = False
    page.text_area[1].set_value("it is irony")
    send_report(page)

    assert texts.THANKS_TITLE in shown(page)
    assert len(api.reports) == 1


def test_two_visitors_are_two_and_see_their_own_history_alone(page: AppTest, api: FakeApi) -> None:
    read(page, "mine alone")
    send_report(page)
    other = AppTest.from_file(PAGE, default_timeout=20).run()

    assert "mine alone" not in shown(other)

    read(other, "mine alone")
    send_report(other)

    assert len({report["visitor"] for report in api.reports}) == 2


def test_the_history_can_be_cleared(page: AppTest) -> None:
    read(page, "lost bag")
    next(button for button in page.button if button.label == texts.CLEAR_HISTORY).click().run()

    assert texts.HISTORY_EMPTY in shown(page)
    assert "lost bag" not in shown(page)


def test_a_tweet_with_markup_is_shown_as_text(page: AppTest) -> None:
    read(page, "<img src=x onerror=alert(1)>")

    assert "<img src=x" not in shown(page)
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown(page)
