"""What MLflow's client raises, as one sentence, over a server that fails."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
from servers import reply, serving

from sentiment_training.errors import TrackingError, UnreachableError
from sentiment_training.tracking import NO_RETRIES, told

PAGE = b"<html>sorry</html>"


class Failing(ThreadingHTTPServer):
    """Answers everything with one status and a page, as a proxy does."""

    status = 500
    address = ""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Failing)
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        reply(self, PAGE, self.server.status, "text/html")

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Failing]:
    for name, value in NO_RETRIES.items():
        monkeypatch.setenv(name, value)
    server = Failing(("127.0.0.1", 0), Handler)
    with serving(server) as server.address:
        yield server


def ask(address: str, _: Path) -> None:
    MlflowClient(address, address).search_registered_models(max_results=1)


def upload(address: str, file: Path) -> None:
    MlflowArtifactsRepository("mlflow-artifacts:/1", tracking_uri=address, registry_uri=address).log_artifact(
        str(file)
    )


@pytest.mark.parametrize("action", [ask, upload])
@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (500, UnreachableError, "fails: 500 Internal Server Error; the server's owner .*`make status`"),
        (507, UnreachableError, "fails: 507 Insufficient Storage; the server's owner .*`make status`"),
        (502, UnreachableError, "does not answer at http.*; start it"),
        (429, UnreachableError, "does not answer at http.*; start it"),
        (403, TrackingError, "MLflow"),
    ],
)  # fmt: skip
def test_a_server_at_fault_is_told_from_one_that_does_not_answer(
    failing: Failing,
    tmp_path: Path,
    action: Callable[[str, Path], None],
    status: int,
    error: type[TrackingError],
    says: str,
) -> None:
    failing.status = status
    (tmp_path / "bundle.json").write_bytes(b"{}")

    with pytest.raises(error, match=says) as raised, told(failing.address):
        action(failing.address, tmp_path / "bundle.json")

    assert type(raised.value) is error
    assert "<html>" not in str(raised.value)
