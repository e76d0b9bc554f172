import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from sentiment_api.alerts.mail import Composer
from sentiment_api.alerts.store import Alert, Mail, Report

START = datetime(2026, 11, 21, 9, 14, 31, tzinfo=UTC)
COMPOSER = Composer(
    sender="vigie@air.example",
    recipients=["ops@air.example", "comms@air.example"],
    public_url="https://vigie.air.example",
    model_name="tweet-sentiment",
)


def a_report(**changes: object) -> Report:
    values: dict[str, object] = {
        "received_at": START,
        "text": "four hours late, great job",
        "comment": "sarcasm",
        "predicted_label": "positive",
        "expected_label": "negative",
        "probability": 0.871,
        "model_version": "7",
    }
    return Report(**(values | changes))  # type: ignore[arg-type]  # a builder


def a_mail(reports: Sequence[Report]) -> EmailMessage:
    alert = Alert("a1", START, START, START + timedelta(minutes=3), len(reports))
    return COMPOSER.compose(Mail("m1", 1, alert, reports))


def parts(message: EmailMessage) -> tuple[str, str, dict[str, object]]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "reports.json"
    return text.get_content(), html.get_content(), json.loads(attachment.get_content())


def test_a_mail_says_how_many_when_what_by_which_version_and_what_to_do() -> None:
    message = a_mail([a_report(), a_report(probability=0.03, predicted_label="negative")])
    text, html, attached = parts(message)

    assert message["Subject"] == "Vigie: 2 wrong predictions reported"
    assert message["To"] == "ops@air.example, comms@air.example"
    assert message["Message-ID"] == "<m1@air.example>"
    for body in (text, html):
        assert "2 wrong predictions" in body
        assert "Saturday 21 November 2026, 09:14 to 09:17 UTC" in body
        assert "2026-11-21T09:14:31+00:00" in body
        assert "four hours late, great job" in body
        assert "Positive, 87 %" in body
        assert "Negative, 97 %" in body
        assert "sarcasm" in body
        assert "version 7" in body
        assert "vigie promote N" in body
        assert "https://vigie.air.example/" in body
        assert "https://vigie.air.example/mlflow/#/models/tweet-sentiment/versions/7" in body
    assert attached["reports"][0]["text"] == "four hours late, great job"  # type: ignore[index]  # JSON


def test_reports_of_several_versions_name_them_all() -> None:
    text, html, _ = parts(a_mail([a_report(), a_report(model_version="10"), a_report()]))

    assert "tweet-sentiment, versions 7, 10" in text
    assert "tweet-sentiment, versions 7, 10" in html


def test_the_body_shortens_what_the_attachment_holds_whole() -> None:
    long = "late " * 100
    text, html, attached = parts(a_mail([a_report(text=long)]))

    assert long not in text
    assert long.strip() not in html
    assert "…" in text
    assert attached["reports"][0]["text"] == long  # type: ignore[index]  # JSON


def test_a_hundred_reports_are_listed_in_part_and_attached_whole() -> None:
    text, html, attached = parts(a_mail([a_report()] * 100))

    assert "and 80 more in reports.json" in text
    assert "and 80 more in reports.json" in html
    assert len(attached["reports"]) == 100  # type: ignore[arg-type]  # JSON


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBcc: everyone@example.com\r\n\r\nhello",
        "a\nSubject: other",
        "\r\n.\r\nMAIL FROM:<x@y.z>",
        "=?utf-8?q?=0ABcc:x?=",
    ],
)
def test_no_report_can_write_a_header_or_a_line_of_its_own(text: str) -> None:
    message = a_mail([a_report(text=text, comment=text)])
    headers = message.as_bytes().partition(b"\r\n\r\n")[0]

    assert b"Bcc" not in headers
    assert message.get_all("Subject") == ["Vigie: 1 wrong prediction reported"]
    assert "\nBcc" not in parts(message)[0]
    assert "\nSubject" not in parts(message)[0]


def test_markup_in_a_report_is_shown_and_never_interpreted() -> None:
    _, html, _ = parts(
        a_mail([a_report(text="<script>alert(1)</script>", comment='"><img src=x onerror=1>')])
    )

    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
