"""What marks a run KILLED goes on trying while something else answers in MLflow's place."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from servers import reply, serving

from sentiment_training import guard_process

HTML = b"<html>back soon</html>"
RUN = json.dumps({"run": {"info": {"status": "RUNNING"}}}).encode()


class Answers(HTTPServer):
    """Answers with what it is told to, one after the other, then as MLflow does; keeps what it was asked."""

    first: list[tuple[bytes, int]]
    asked: list[tuple[str, dict[str, object]]]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Answers)
        content, more = self.server.first.pop(0) if self.server.first else (RUN, 0)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) + more))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        assert isinstance(self.server, Answers)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path.rpartition("/")[2], json.loads(content)))
        reply(self, b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def mlflow() -> Iterator[Answers]:
    server = Answers(("127.0.0.1", 0), Handler)
    server.first, server.asked = [], []
    with serving(server):
        yield server


@pytest.mark.parametrize("wrong", [(HTML, 0), (RUN[:10], 90), (b"", 0)])
def test_a_proxy_s_page_or_half_an_answer_is_no_end(
    wrong: tuple[bytes, int], mlflow: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Regression: it ended at once, and the run stayed RUNNING for ever.
    monkeypatch.setattr(guard_process, "_PAUSE_S", 0.01)
    mlflow.first.append(wrong)
    server = {"address": f"http://127.0.0.1:{mlflow.server_port}", "authorization": ""}
    guard_process.mark_ended(server, "a1", "KILLED", "gone")
    tagged, ended = mlflow.asked
    assert tagged == ("set-tag", {"run_id": "a1", "key": "vigie.failure", "value": "gone"})
    assert ended[0] == "update"
    assert ended[1]["status"] == "KILLED"
