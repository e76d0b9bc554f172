"""The process's numbers for Prometheus; summed over all workers where there are several."""

import os
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# prometheus_client itself reads this name; `serve` sets it before the workers start.
MULTIPROCESS_DIR = "PROMETHEUS_MULTIPROC_DIR"

# Seconds. A light model answers in about 0.2 ms, a transformer's thousand texts in ten seconds.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_OTHER = "other"


class Metrics:
    """Every number that this process counts."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "vigie_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self.seconds = Histogram(
            "vigie_request_seconds", "From request to answer.", ["route"], buckets=_BUCKETS, registry=registry
        )
        self.predictions = Counter(
            "vigie_predictions", "Texts labelled.", ["label", "version"], registry=registry
        )
        self.foreign = Counter(
            "vigie_foreign_texts",
            "Texts in a language that the version does not know.",
            ["language", "version"],
            registry=registry,
        )
        self.model = Gauge(
            "vigie_model_info",
            "1 for the version that answers.",
            ["version", "family", "bundle_sha256"],
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.swaps = Counter("vigie_model_swaps", "Versions swapped in.", registry=registry)
        self.refusals = Counter("vigie_model_refusals", "Versions refused.", registry=registry)
        self.polls = Counter("vigie_registry_polls", "Looks at the registry.", ["outcome"], registry=registry)
        self.polled_at = Gauge(
            "vigie_registry_polled_timestamp_seconds",
            "When the registry last answered.",
            registry=registry,
            multiprocess_mode="max",
        )
        self.feedback = Counter(
            "vigie_feedback", "Feedback stored.", ["wrong_prediction", "duplicate"], registry=registry
        )
        self.alerts = Counter("vigie_alerts", "Alerts raised.", registry=registry)
        self.mails = Counter("vigie_mails", "Attempts to hand a mail over.", ["outcome"], registry=registry)
        self.outbox = Gauge(
            "vigie_outbox_mails", "Mails that wait.", registry=registry, multiprocess_mode="mostrecent"
        )
        self.outbox_age = Gauge(
            "vigie_outbox_oldest_seconds",
            "Age of the oldest mail that waits.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.database_up = Gauge(
            "vigie_database_up",
            "1 while the database answers.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )

    def page(self) -> bytes:
        """Return the page in Prometheus's text format."""
        if MULTIPROCESS_DIR not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library's
        return generate_latest(together)


class RequestMetrics:
    """ASGI middleware that counts and times requests by route, never by what a client made up."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes
        # Looking a label up costs more than counting.
        self._seconds = {route: metrics.seconds.labels(route) for route in (*routes, _OTHER)}
        self._requests: dict[tuple[str, str, int], Counter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            path = scope["path"].removeprefix(scope["root_path"])
            route = path if path in self._routes else _OTHER
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            key = (route, method, status)
            counter = self._requests.get(key)
            if counter is None:
                counter = self._requests[key] = self._metrics.requests.labels(route, method, str(status))
            counter.inc()
            self._seconds[route].observe(perf_counter() - start)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
