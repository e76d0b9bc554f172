"""An API without a server, and an MLflow that tests can damage."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from api_fakes import START, Clock, FakeMlflow, Worker
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

    def swap_in(
        version: str = "7",
        bias: float = 0.0,
        cost: Cost = Cost(0.0, 0.0),  # noqa: B008 - frozen
        languages: Sequence[str] = (),
    ) -> Loaded:
        loaded = Loaded(
            version=version,
            identity=version,
            bundle=a_bundle(tmp_path / f"bundle-{version}", bias=bias, run_id="run", languages=languages),
            cost=cost,
            loaded_at=START,
            loaded_from="registry",
        )
        app.state.parts.serving.swap(loaded)
        return loaded

    return swap_in


@pytest.fixture
def mlflow(tmp_path: Path) -> FakeMlflow:
    return FakeMlflow(tmp_path / "registered")


@pytest.fixture
async def a_worker(mlflow: FakeMlflow, tmp_path: Path, clock: Clock) -> AsyncIterator[Callable[..., Worker]]:
    """Build workers that share a cache: `a_worker(rule="stage:Production")`."""
    async with httpx.AsyncClient(
        base_url="http://mlflow/mlflow", transport=httpx.MockTransport(mlflow)
    ) as client:

        async def trust(folder: Path) -> None:
            """Spare the process that proves a bundle: half a second each."""

        def build_worker(
            rule: str = "stage:Production",
            timeout_s: float = 5.0,
            prove: Callable[[Path], Awaitable[None]] = trust,
        ) -> Worker:
            serving = Serving(model_name="tweet-sentiment", rule=rule, max_text_length=100, metrics=Metrics())
            registry = Registry(client, model_name="tweet-sentiment", rule=rule, timeout_s=timeout_s)
            watcher = Watcher(
                serving=serving,
                registry=registry,
                cache=Cache(tmp_path / "cache"),
                poll_interval_s=0.01,
                now=clock,
                prove=prove,
            )
            return Worker(serving, watcher)

        yield build_worker
