"""Real databases, a real mail server, and the API as a process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from servers import BIN, answers, free_port, running, wait_until
from sqlalchemy import Engine, create_engine, text

from bundles import a_bundle
from sentiment_api.database import open_engine
from sentiment_api.migrate import migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/vigie.db"
        return
    url = request.getfixturevalue("postgres_url")
    name = f"vigie_{uuid4().hex}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield url.replace("/postgres?", f"/{name}?", 1)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database with its tables."""
    engine = open_engine(database_url, timeout_s=10)
    migrate(engine)
    yield engine
    engine.dispose()


@dataclass
class MailServer:
    """Takes mails, or answers as a test tells it."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
        return self.answer


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    handler = MailServer(port=free_port())
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


class Model:
    """A registered model of this test's own, in a real MLflow, through nothing but HTTP."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.name = f"tweets-{uuid4().hex[:8]}"
        self._folder = folder
        self._client = httpx.Client(base_url=f"{uri}/api/2.0", timeout=60, trust_env=False)
        self._call("POST", "mlflow/registered-models/create", {"name": self.name})

    def add(self, bias: float = 0.0, change: Callable[[Path], None] | None = None) -> str:
        """Register a version, its files changed first if a test wants so; return its number."""
        bundle = self._folder / uuid4().hex
        a_bundle(bundle, bias=bias)
        if change is not None:
            change(bundle)
        model = self._call("POST", "mlflow/logged-models", {"experiment_id": "0", "name": "model"})
        info = model["model"]["info"]
        path = f"{info['artifact_uri'].removeprefix('mlflow-artifacts:/')}/artifacts/bundle"
        for file in bundle.iterdir():
            url = f"/mlflow-artifacts/artifacts/{path}/{file.name}"
            self._client.put(url, content=file.read_bytes()).raise_for_status()
        body = {"name": self.name, "source": f"models:/{info['model_id']}", "model_id": info["model_id"]}
        version: str = self._call("POST", "mlflow/model-versions/create", body)["model_version"]["version"]
        return version

    def promote(self, version: str) -> None:
        """Do what a click on the stage in MLflow does."""
        body = {
            "name": self.name,
            "version": version,
            "stage": "Production",
            "archive_existing_versions": True,
        }
        self._call("POST", "mlflow/model-versions/transition-stage", body)

    def tags(self, version: str) -> dict[str, str]:
        """Return a version's tags."""
        query = f"mlflow/model-versions/get?name={self.name}&version={version}"
        tags = self._call("GET", query, None)["model_version"].get("tags", [])
        return {tag["key"]: tag["value"] for tag in tags}

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def _call(self, method: str, path: str, body: dict[str, object] | None) -> dict[str, Any]:  # JSON
        response = self._client.request(method, f"/{path}", json=body)
        response.raise_for_status()
        content: dict[str, Any] = response.json()
        return content


@pytest.fixture
def model(mlflow_server: str, tmp_path: Path) -> Iterator[Model]:
    model = Model(mlflow_server, tmp_path / "bundles")
    yield model
    model.close()


@dataclass(frozen=True)
class Api:
    """A running API."""

    url: str
    log: Path
    pid: int

    def predict(self, text: str = "a great flight") -> httpx.Response:
        return httpx.post(f"{self.url}/v1/predict", json={"text": text}, timeout=10, trust_env=False)

    def report(self, **changes: object) -> httpx.Response:
        body = {
            "text": "four hours late, great job",
            "predicted_label": "positive",
            "probability": 0.87,
            "model_version": "1",
            "expected_label": "negative",
        }
        return httpx.post(f"{self.url}/v1/feedback", json=body | changes, timeout=30, trust_env=False)

    def model(self) -> dict[str, object]:
        state: dict[str, object] = httpx.get(f"{self.url}/v1/model", timeout=10, trust_env=False).json()
        return state

    def metrics(self) -> str:
        return httpx.get(f"{self.url}/metrics", timeout=10, trust_env=False).text


@pytest.fixture
def start_api(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Start `vigie-api serve`: `start_api(workers=2, VIGIE_ALERT_TO="ops@example.com")`."""
    with ExitStack() as stack:

        def start(workers: int = 1, **settings: str) -> Api:
            environment = {
                "VIGIE_CACHE_DIR": str(tmp_path / "cache"),
                "VIGIE_DATABASE_URL": f"sqlite:///{tmp_path}/vigie.db",
                "VIGIE_MLFLOW_URI": f"http://127.0.0.1:{free_port()}/mlflow",
                "VIGIE_POLL_INTERVAL_S": "0.5",
                "VIGIE_OUTBOX_INTERVAL_S": "0.2",
            } | settings
            port = free_port()
            log = tmp_path / f"api-{port}.log"
            command = [str(BIN / "vigie-api"), "serve", f"--port={port}", f"--workers={workers}"]
            process = stack.enter_context(running(command, log, environment))
            url = f"http://127.0.0.1:{port}"
            wait_until(
                lambda: process.poll() is not None or answers(f"{url}/health/live"), 60, "the API starts"
            )
            assert process.poll() is None, log.read_text()
            return Api(url, log, process.pid)

        yield start
