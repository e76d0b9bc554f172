"""An API without a server, and an MLflow that tests can damage."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from bundles import a_bundle
from sentiment_api.app import build
from sentiment_api.database import open_engine
from sentiment_api.metrics import Metrics
from sentiment_api.migrate import migrate
from sentiment_api.model.registry import Registry
from sentiment_api.model.service import Cost, Loaded, Serving
from sentiment_api.model.store import Cache
from sentiment_api.model.watcher import Watcher
from sentiment_api.settings import Settings

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test moves by hand."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("VIGIE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        cache_dir=tmp_path / "cache", database_url=f"sqlite:///{tmp_path}/vigie.db", max_text_length=100
    )


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[FastAPI]:
    """The application with its tables, and with no version loaded."""
    engine = open_engine(settings.database_url.get_secret_value(), timeout_s=5)
    migrate(engine)
    engine.dispose()
    built = build(settings, now=clock)
    yield built
    built.state.parts.engine.dispose()
    built.state.parts.scorer.close()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


@pytest.fixture
def load(app: FastAPI, tmp_path: Path) -> Callable[..., Loaded]:
    """Swap a version in: `load(version="7", bias=0.0, cost=Cost(…))`."""

    def swap_in(version: str = "7", bias: float = 0.0, cost: Cost = Cost(0.0, 0.0)) -> Loaded:  # noqa: B008 - frozen
        loaded = Loaded(
            version=version,
            identity=version,
            bundle=a_bundle(tmp_path / f"bundle-{version}", bias=bias, run_id="run"),
            cost=cost,
            loaded_at=START,
            loaded_from="registry",
        )
        app.state.parts.serving.swap(loaded)
        return loaded

    return swap_in


@dataclass
class FakeVersion:
    """A version as the fake MLflow keeps it."""

    files: dict[str, bytes]
    created: int
    updated: int
    source: str
    stage: str = "None"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeMlflow:
    """The part of MLflow's REST interface that the API uses, with faults on demand."""

    folder: Path
    versions: dict[str, FakeVersion] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    fault: httpx.Response | Exception | None = None  # instead of every answer
    file_fault: httpx.Response | Exception | None = None  # instead of every file
    tag_fault: httpx.Response | None = None
    hang: bool = False
    clock: int = 1_000

    def add(self, version: str, *, bias: float = 0.0, source: str | None = None) -> FakeVersion:
        """Register a good version."""
        bundle = self.folder / f"{version}-{self.clock}"
        a_bundle(bundle, bias=bias)
        self.clock += 1
        self.versions[version] = FakeVersion(
            files={file.name: file.read_bytes() for file in bundle.iterdir()},
            created=self.clock,
            updated=self.clock,
            source=source or f"mlflow-artifacts:/1/models/m-{version}/artifacts",
        )
        return self.versions[version]

    def promote(self, version: str | None) -> None:
        """Put one version, or none, in Production."""
        self.clock += 1
        for number, item in self.versions.items():
            stage = "Production" if number == version else "Archived"
            if item.stage != stage:
                item.stage, item.updated = stage, self.clock

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/mlflow/api/2.0/")
        self.asked.append(path)
        if self.hang:
            await asyncio.Event().wait()
        if self.fault is not None:
            return self._raise_or(self.fault)
        query = request.url.params
        if path == "mlflow/registered-models/get-latest-versions":
            found = [self._shown(number) for number, v in self.versions.items() if v.stage == query["stages"]]
            return httpx.Response(200, json={"model_versions": found} if found else {})
        if path == "mlflow/registered-models/alias":
            if query["alias"] not in self.aliases:
                body = {
                    "error_code": "INVALID_PARAMETER_VALUE",
                    "message": "Registered model alias not found.",
                }
                return httpx.Response(400, json=body)
            return httpx.Response(200, json={"model_version": self._shown(self.aliases[query["alias"]])})
        if path == "mlflow/model-versions/get-download-uri":
            return httpx.Response(200, json={"artifact_uri": self.versions[query["version"]].source})
        if path == "mlflow/logged-models/m-indirect":
            info = {"artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts"}
            return httpx.Response(200, json={"model": {"info": info}})
        if path == "mlflow-artifacts/artifacts":
            files = self._files(query["path"])
            listing = [{"path": name, "is_dir": False, "file_size": len(raw)} for name, raw in files.items()]
            return httpx.Response(200, json={"files": listing})
        if path.startswith("mlflow-artifacts/artifacts/"):
            if self.file_fault is not None:
                return self._raise_or(self.file_fault)
            folder, _, name = path.removeprefix("mlflow-artifacts/artifacts/").rpartition("/")
            return httpx.Response(200, content=self._files(folder)[name])
        if path.endswith("-tag"):
            return self.tag_fault or self._tag(request)
        raise AssertionError(path)

    def _tag(self, request: httpx.Request) -> httpx.Response:
        body = httpx.Response(200, content=request.content).json()
        tags = self.versions[body["version"]].tags
        if request.method == "DELETE":
            tags.pop(body["key"])
        else:
            tags[body["key"]] = body["value"]
        return httpx.Response(200, json={})

    def _files(self, folder: str) -> dict[str, bytes]:
        for item in self.versions.values():
            if folder == f"{item.source.removeprefix('mlflow-artifacts:/')}/artifacts/bundle":
                return item.files
        if folder == "1/models/m-1/artifacts/artifacts/bundle":
            return self.versions["1"].files
        raise AssertionError(folder)

    def _shown(self, number: str) -> dict[str, object]:
        item = self.versions[number]
        return {
            "name": "tweet-sentiment",
            "version": number,
            "creation_timestamp": item.created,
            "last_updated_timestamp": item.updated,
            "source": item.source,
            "tags": [{"key": key, "value": value} for key, value in item.tags.items()],
        }

    @staticmethod
    def _raise_or(fault: httpx.Response | Exception) -> httpx.Response:
        if isinstance(fault, Exception):
            raise fault
        return fault


@pytest.fixture
def mlflow(tmp_path: Path) -> FakeMlflow:
    return FakeMlflow(tmp_path / "registered")


@dataclass
class Worker:
    """One process's view: what it serves, and what keeps that up to date."""

    serving: Serving
    watcher: Watcher


@pytest.fixture
async def a_worker(mlflow: FakeMlflow, tmp_path: Path, clock: Clock) -> AsyncIterator[Callable[..., Worker]]:
    """Build workers that share a cache: `a_worker(rule="stage:Production")`."""
    async with httpx.AsyncClient(
        base_url="http://mlflow/mlflow", transport=httpx.MockTransport(mlflow)
    ) as client:

        def build_worker(rule: str = "stage:Production", timeout_s: float = 5.0) -> Worker:
            serving = Serving(model_name="tweet-sentiment", rule=rule, max_text_length=100, metrics=Metrics())
            registry = Registry(client, model_name="tweet-sentiment", rule=rule, timeout_s=timeout_s)
            watcher = Watcher(
                serving=serving,
                registry=registry,
                cache=Cache(tmp_path / "cache"),
                poll_interval_s=0.01,
                now=clock,
            )
            return Worker(serving, watcher)

        yield build_worker
