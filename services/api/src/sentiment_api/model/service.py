"""The version that answers, as one reference that is swapped whole."""

import ctypes
import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Literal

from sentiment import Bundle, ForeignText, Prediction
from sentiment_api.errors import NoModelError
from sentiment_api.metrics import Metrics
from sentiment_api.model.schemas import ModelState, RefusedVersion, RegistryState
from sentiment_api.model.store import Refusal

Source = Literal["registry", "cache"]

# Warm-up: enough rounds that the runtime has made its buffers, and the fastest of the last ones is the cost.
WARM_UP_TEXT = "@user my flight was late again and nobody told us why, thanks for nothing :( "
_WARM_UP_ROUNDS = 20
_WARM_UP_BATCH = 16

# Between two swaps little garbage with cycles arises; Python's default of 700 objects stops the loop often.
_COLLECT_AFTER_OBJECTS = 20_000

# Seconds until a client that found no version may ask again.
_RETRY_AFTER_S = 5


@dataclass(frozen=True)
class Cost:
    """What scoring costs in seconds, measured: once a request and for every character."""

    request_s: float
    character_s: float

    def of(self, characters: int) -> float:
        """Estimate the seconds for texts with that many characters together."""
        return self.request_s + self.character_s * characters


@dataclass(frozen=True)
class Loaded:
    """A verified, warm version."""

    version: str
    identity: str
    bundle: Bundle
    cost: Cost
    loaded_at: datetime
    loaded_from: Source

    def read(self, texts: Sequence[str]) -> list[Prediction | ForeignText]:
        """Label texts; all by this version, whatever is swapped meanwhile."""
        return self.bundle.read(texts)


def warm_up(bundle: Bundle) -> Cost:
    """Score some texts, so that the first request is as fast as the others, and measure it.

    Raises
    ------
    BundleError
        If the bundle cannot score them.
    """
    single, batch = [WARM_UP_TEXT[:20]], [WARM_UP_TEXT * 2] * _WARM_UP_BATCH
    request_s = min(_seconds(bundle, single) for _ in range(_WARM_UP_ROUNDS))
    batch_s = min(_seconds(bundle, batch) for _ in range(3))
    return Cost(request_s, max(0.0, batch_s - request_s) / (len(batch[0]) * len(batch)))


def _give_memory_back() -> None:
    """Hand what opening a bundle left behind (5 MB for a linear one) back to the system, where libc can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _seconds(bundle: Bundle, texts: Sequence[str]) -> float:
    start = perf_counter()
    bundle.read(texts)
    return perf_counter() - start


@dataclass
class Serving:
    """What this process serves and knows about the registry. Written by the watcher, read by requests.

    A request reads `current` once and works with what it got: an answer is never mixed.
    """

    model_name: str
    rule: str
    max_text_length: int
    metrics: Metrics
    current: Loaded | None = None
    why_not: str = "the service is starting; no version is loaded yet"
    registry: RegistryState = field(
        default_factory=lambda: RegistryState(
            reachable=False, checked_at=None, error="not asked yet", in_production=None
        )
    )
    refused: Sequence[Refusal] = ()

    def loaded(self) -> Loaded:
        """Return the version that answers now.

        Raises
        ------
        NoModelError
            If there is none; its message says why.
        """
        current = self.current
        if current is None:
            raise NoModelError(self.why_not, headers={"Retry-After": str(_RETRY_AFTER_S)})
        return current

    def swap(self, loaded: Loaded) -> None:
        """Let a version answer from the next request on."""
        before = self.current
        self.current = loaded
        self.metrics.swaps.inc()
        if before is not None:
            self._show(before, 0)
        self._show(loaded, 1)
        # What is alive now lives until the next swap: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER_OBJECTS, 10, 10)
        _give_memory_back()

    def _show(self, loaded: Loaded, value: int) -> None:
        labels = (loaded.version, loaded.bundle.manifest.family, loaded.bundle.sha256)
        self.metrics.model.labels(*labels).set(value)

    def describe(self) -> ModelState:
        """Return what `/v1/model` says."""
        refused = [
            RefusedVersion(version=item.version, reason=item.reason, at=item.at) for item in self.refused
        ]
        loaded = self.current
        if loaded is None:
            return ModelState(
                ready=False,
                name=self.model_name,
                version=None,
                rule=self.rule,
                max_text_length=self.max_text_length,
                registry=self.registry,
                refused=refused,
            )
        manifest = loaded.bundle.manifest
        return ModelState(
            ready=True,
            name=self.model_name,
            version=loaded.version,
            rule=self.rule,
            family=manifest.family,
            labels=list(manifest.labels),
            languages=list(manifest.languages),
            threshold=manifest.threshold,
            max_text_length=self.max_text_length,
            bundle_sha256=loaded.bundle.sha256,
            run_id=manifest.provenance.run_id,
            git_commit=manifest.provenance.git_commit,
            dataset_fingerprint=manifest.provenance.dataset_fingerprint,
            loaded_at=loaded.loaded_at,
            loaded_from=loaded.loaded_from,
            registry=self.registry,
            refused=refused,
        )
