"""The composition root: builds the application from its settings. Nothing happens at import."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from sentiment_api import docs_page, problems
from sentiment_api.alerts.dispatcher import Outbox, smtp_sender
from sentiment_api.alerts.mail import Composer
from sentiment_api.alerts.service import Rule
from sentiment_api.clock import Clock, utc_now
from sentiment_api.database import open_engine
from sentiment_api.feedback.endpoints import router as feedback_router
from sentiment_api.feedback.service import FeedbackService
from sentiment_api.health.endpoints import router as health_router
from sentiment_api.limits import BodyLimits
from sentiment_api.logs import configure
from sentiment_api.metrics import Metrics, RequestMetrics
from sentiment_api.model.endpoints import router as model_router
from sentiment_api.model.registry import Registry
from sentiment_api.model.service import Serving
from sentiment_api.model.store import Cache
from sentiment_api.model.watcher import Watcher
from sentiment_api.predict.endpoints import predict
from sentiment_api.predict.endpoints import router as predict_router
from sentiment_api.predict.service import Scorer
from sentiment_api.routes import Shortcut
from sentiment_api.settings import Settings

_DESCRIPTION = """Tells whether a tweet is negative or positive, with the model version in Production.

Errors are `application/problem+json` (RFC 9457): `type` is stable and names the situation, `detail` says what
was wrong with this request. `probability` is always that of *positive*.
"""

# Seconds to reach MLflow at all; an address where nothing answers must not use up the whole timeout.
_CONNECT_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Parts:
    """What the endpoints work with."""

    settings: Settings
    metrics: Metrics
    serving: Serving
    scorer: Scorer
    feedback: FeedbackService
    outbox: Outbox
    engine: Engine


def from_environment() -> FastAPI:
    """Build the application as `serve` runs it, once in each worker."""
    settings = Settings()
    configure(settings.log_level)
    return build(settings)


def build(settings: Settings, *, now: Clock = utc_now) -> FastAPI:
    """Build the application. Its background work begins with the server's start, not here."""
    parts = _parts(settings, now)
    app = FastAPI(
        title="Vigie",
        description=_DESCRIPTION,
        version=version("vigie-api"),
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    app.state.now = now
    problems.install(app)
    docs_page.install(app)
    for router in (predict_router, feedback_router, model_router, health_router):
        app.include_router(router)
    # The last one added is the outermost.
    app.add_middleware(Shortcut, path="/v1/predict", endpoint=predict)
    app.add_middleware(BodyLimits, largest_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s)
    paths = frozenset(app.openapi()["paths"])
    app.add_middleware(RequestMetrics, metrics=parts.metrics, routes=paths)
    return app


def _parts(settings: Settings, now: Clock) -> Parts:
    metrics = Metrics()
    engine = open_engine(settings.database_url.get_secret_value(), timeout_s=settings.database_timeout_s)
    rule = Rule(
        reports=settings.alert_reports,
        window=timedelta(seconds=settings.alert_window_s),
        cooldown=timedelta(seconds=settings.alert_cooldown_s),
    )
    composer = Composer(
        sender=settings.alert_from,
        recipients=settings.alert_to,
        public_url=settings.public_url.rstrip("/"),
        model_name=settings.model_name,
    )
    return Parts(
        settings=settings,
        metrics=metrics,
        serving=Serving(
            model_name=settings.model_name,
            rule=settings.production,
            max_text_length=settings.max_text_length,
            metrics=metrics,
        ),
        scorer=Scorer(threads=settings.scoring_threads, metrics=metrics),
        feedback=FeedbackService(
            engine=engine, rule=rule, mail=bool(settings.alert_to), metrics=metrics, now=now
        ),
        outbox=Outbox(
            engine=engine,
            rule=rule,
            composer=composer if settings.alert_to else None,
            send=smtp_sender(settings),
            interval_s=settings.outbox_interval_s,
            metrics=metrics,
            now=now,
        ),
        engine=engine,
    )


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    async with _mlflow_client(parts.settings) as client:
        watcher = Watcher(
            serving=parts.serving,
            registry=Registry(
                client,
                model_name=parts.settings.model_name,
                rule=parts.settings.production,
                timeout_s=parts.settings.mlflow_timeout_s,
            ),
            cache=Cache(parts.settings.cache_dir),
            poll_interval_s=parts.settings.poll_interval_s,
            now=app.state.now,
        )
        tasks = [asyncio.create_task(watcher.run()), asyncio.create_task(parts.outbox.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            parts.scorer.close()
            parts.engine.dispose()


def _mlflow_client(settings: Settings) -> httpx.AsyncClient:
    password = settings.mlflow_password.get_secret_value() if settings.mlflow_password else ""
    return httpx.AsyncClient(
        base_url=settings.mlflow_uri,
        auth=httpx.BasicAuth(settings.mlflow_username, password) if settings.mlflow_username else None,
        timeout=httpx.Timeout(settings.mlflow_timeout_s, connect=_CONNECT_TIMEOUT_S),
        follow_redirects=False,
        trust_env=False,  # the settings say all; a proxy variable meant for others must not lead elsewhere
    )
