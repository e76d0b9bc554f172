"""A clock moved by hand, reports, and an MLflow that a test can damage."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bundles import a_bundle
from sentiment_api.alerts.service import Rule
from sentiment_api.clock import utc_now
from sentiment_api.database import open_engine
from sentiment_api.feedback.schemas import FeedbackBody
from sentiment_api.feedback.service import FeedbackService
from sentiment_api.metrics import Metrics
from sentiment_api.model.service import Serving
from sentiment_api.model.watcher import Watcher

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
RULE = Rule(reports=3, window=timedelta(seconds=300), cooldown=timedelta(seconds=900))


def a_report_by(visitor: str, expected: str = "negative") -> FeedbackBody:
    """Report a prediction as one visitor."""
    return FeedbackBody.model_validate(
        {
            "text": "four hours late, great job",
            "predicted_label": "positive",
            "probability": 0.87,
            "model_version": "7",
            "expected_label": expected,
            "visitor": visitor,
        }
    )


def report_ten(url: str, first: int) -> None:
    """Report ten wrong predictions; a process of its own runs this."""
    engine = open_engine(url, timeout_s=30)
    service = FeedbackService(engine=engine, rule=RULE, mail=True, metrics=Metrics(), now=utc_now)
    for visitor in range(first, first + 10):
        service.record(a_report_by(str(visitor)), None)
    engine.dispose()


@dataclass
class Clock:
    """A clock that a test moves by hand."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Worker:
    """One process's view: what it serves, and what keeps that up to date."""

    serving: Serving
    watcher: Watcher


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
        if path.endswith("/alias") and request.url.params["alias"] not in self.aliases:
            # As the real one says it: not RESOURCE_DOES_NOT_EXIST.
            body = {"error_code": "INVALID_PARAMETER_VALUE", "message": "Registered model alias x not found."}
            return httpx.Response(400, json=body)
        if path.endswith("-tag"):
            return self.tag_fault or self._tag(request)
        if path.startswith("mlflow-artifacts/artifacts/"):
            return self._file(path.removeprefix("mlflow-artifacts/artifacts/"))
        return httpx.Response(200, json=self._answer(path, request.url.params))

    def _answer(self, path: str, query: httpx.QueryParams) -> dict[str, object]:
        if path == "mlflow/registered-models/get-latest-versions":
            found = [self._shown(number) for number, v in self.versions.items() if v.stage == query["stages"]]
            return {"model_versions": found} if found else {}
        if path == "mlflow/registered-models/alias":
            return {"model_version": self._shown(self.aliases[query["alias"]])}
        if path == "mlflow/model-versions/get-download-uri":
            return {"artifact_uri": self.versions[query["version"]].source}
        if path == "mlflow/logged-models/m-indirect":
            return {"model": {"info": {"artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts"}}}
        assert path == "mlflow-artifacts/artifacts"
        files = self._files(query["path"])
        return {"files": [{"path": name, "file_size": len(raw)} for name, raw in files.items()]}

    def _file(self, path: str) -> httpx.Response:
        if self.file_fault is not None:
            return self._raise_or(self.file_fault)
        folder, _, name = path.rpartition("/")
        return httpx.Response(200, content=self._files(folder)[name])

    def _tag(self, request: httpx.Request) -> httpx.Response:
        body = httpx.Response(200, content=request.content).json()
        self.versions[body["version"]].tags[body["key"]] = body["value"]
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
