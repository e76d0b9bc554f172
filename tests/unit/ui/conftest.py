"""A small API that keeps the contract, on a real port; tests tell it how to misbehave."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from servers import reply, serving

from sentiment_ui.history import Entry


@dataclass
class FakeApi:
    """What the fake answers, and what it was asked."""

    url: str = ""
    probability: float = 0.03
    version: str = "7"
    ready: bool = True
    rule: str = "stage:Production"
    limit: int = 1000
    loses_answers: bool = False
    foreign: str = ""  # why a tweet gets no label
    raw: tuple[int, str, bytes] | None = None  # status, content type, body: said to every call
    reports: list[dict[str, object]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    predicted: list[str] = field(default_factory=list)

    def model(self) -> dict[str, object]:
        return {
            "ready": self.ready,
            "name": "tweet-sentiment",
            "version": self.version if self.ready else None,
            "rule": self.rule,
            "family": "logreg",
            "labels": ["negative", "positive"],
            "threshold": 0.5,
            "max_text_length": self.limit,
            "loaded_at": "2026-11-21T08:15:00+00:00" if self.ready else None,
            "loaded_from": "registry" if self.ready else None,
            "registry": {"reachable": True, "checked_at": "2026-11-21T08:20:00+00:00", "error": None},
            "refused": [],
        }

    def answer(  # noqa: PLR0911 - one a call
        self, path: str, body: dict[str, object], key: str | None
    ) -> tuple[int, dict[str, object]]:
        if path == "/v1/model":
            return 200, self.model()
        if path == "/v1/feedback":
            duplicate = key in self.keys
            if duplicate and body not in self.reports:
                return 409, {"type": "urn:vigie:problem:x", "title": "Conflict", "status": 409, "detail": "-"}
            self.keys.append(key)
            if not duplicate:
                self.reports.append(body)
            if self.loses_answers:
                return 502, {}
            wrong = body["expected_label"] != body["predicted_label"]
            return (200 if duplicate else 201), {
                "id": "r1",
                "wrong_prediction": wrong,
                "duplicate": duplicate,
            }
        if not self.ready:
            return 503, {
                "type": "urn:vigie:problem:no-model",
                "title": "No version",
                "status": 503,
                "detail": "-",
            }
        self.predicted.append(str(body["text"]))
        if self.foreign:
            return 200, {
                "label": None,
                "probability": None,
                "model_version": self.version,
                "language": "nl",
                "supported": False,
                "detail": self.foreign,
            }
        label = "positive" if self.probability >= 0.5 else "negative"
        return 200, {"label": label, "probability": self.probability, "model_version": self.version}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, object]) -> None:
            if fake.raw:
                status, kind, content = fake.raw
            else:
                status, answer = fake.answer(self.path, body, self.headers.get("Idempotency-Key"))
                kind = "application/json" if status < 400 else "application/problem+json"
                content = json.dumps(answer).encode()
            reply(self, content, status, kind)

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests read what they need from the fake."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server) as fake.url:
        yield fake


@pytest.fixture
def an_entry() -> Callable[[str], Entry]:
    def build(text: str) -> Entry:
        return Entry(
            id=uuid.uuid4().hex,
            text=text,
            label="negative",
            probability=0.03,
            model_version="7",
            at=datetime(2026, 11, 21, 8, 15, tzinfo=UTC),
        )

    return build
