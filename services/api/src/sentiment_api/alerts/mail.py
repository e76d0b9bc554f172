"""Writes the alert mail: text, HTML, and every report whole as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from sentiment_api.alerts.store import Alert, Mail, Report

_SHORT_TEXT = 160  # characters of a tweet in the mail's body
_SHORT_COMMENT = 200
_MOST_LISTED = 20
# A mail server refuses what is larger than a few megabytes, and would do so for ever.
_MOST_ATTACHED = 1_000


@dataclass(frozen=True)
class Composer:
    """Writes mails.

    Attributes
    ----------
    public_url
        Of the platform, for the links; without a slash at its end.
    """

    sender: str
    recipients: Sequence[str]
    public_url: str
    model_name: str

    def compose(self, mail: Mail) -> EmailMessage:
        """Write a mail. Written again it has the same Message-ID, so that a repeated one can be told."""
        content = self._content(mail.alert, mail.reports)
        message = EmailMessage(policy=SMTP)
        # Only numbers and settings go into headers, never what a stranger wrote.
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Subject"] = f"Vigie: {_headline(mail.alert)}"
        message["Date"] = format_datetime(mail.alert.created_at.astimezone(UTC))
        message["Message-ID"] = f"<{mail.id}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(_TEMPLATES.get_template("alert.txt").render(content))
        message.add_alternative(_TEMPLATES.get_template("alert.html").render(content), subtype="html")
        message.add_attachment(
            _attachment(mail.alert, mail.reports),
            maintype="application",
            subtype="json",
            filename="reports.json",
        )
        return message

    def _content(self, alert: Alert, reports: Sequence[Report]) -> dict[str, object]:
        versions = sorted({report.model_version for report in reports}, key=int)
        base = f"{self.public_url}/mlflow/#/models/{quote(self.model_name, safe='')}"
        return {
            "headline": f"{_headline(alert)} within {_minutes(alert)}",
            "first": alert.first_report_at.astimezone(UTC),
            "last": alert.last_report_at.astimezone(UTC),
            "reports": [_listed(report) for report in reports[:_MOST_LISTED]],
            "unlisted": max(0, len(reports) - _MOST_LISTED),
            "versions": versions,
            "page_url": f"{self.public_url}/",
            "mlflow_url": f"{base}/versions/{versions[-1]}" if len(versions) == 1 else base,
            "model_name": self.model_name,
        }


@dataclass(frozen=True)
class _Listed:
    """A report as the mail's body shows it."""

    at: datetime
    text: str
    comment: str | None
    predicted: str
    positive: bool
    expected: str
    version: str


def _listed(report: Report) -> _Listed:
    positive = report.predicted_label == "positive"
    own = report.probability if positive else 1 - report.probability
    return _Listed(
        at=report.received_at.astimezone(UTC),
        text=_shortened(report.text, _SHORT_TEXT),
        comment=_shortened(report.comment, _SHORT_COMMENT) if report.comment else None,
        predicted=f"{report.predicted_label.capitalize()}, {own:.0%}".replace("%", " %"),
        positive=positive,
        expected=report.expected_label.capitalize(),
        version=report.model_version,
    )


def _shortened(text: str, longest: int) -> str:
    # On one line: a tweet with line breaks could pass for a part of the mail.
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def _headline(alert: Alert) -> str:
    return f"{alert.reports} wrong prediction{'' if alert.reports == 1 else 's'} reported"


def _minutes(alert: Alert) -> str:
    seconds = (alert.last_report_at - alert.first_report_at).total_seconds()
    minutes = round(seconds / 60)
    return "less than a minute" if minutes < 1 else "1 minute" if minutes == 1 else f"{minutes} minutes"


def _attachment(alert: Alert, reports: Sequence[Report]) -> bytes:
    content = {
        "alert": asdict(alert),
        "omitted": max(0, len(reports) - _MOST_ATTACHED),
        "reports": [asdict(report) for report in reports[:_MOST_ATTACHED]],
    }
    return json.dumps(content, ensure_ascii=False, indent=2, default=datetime.isoformat).encode()


_TEMPLATES = Environment(
    loader=PackageLoader("sentiment_api", "alerts/templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
