"""Follows the registry: finds the version in Production, fetches, verifies, warms and swaps it in.

A bad version is refused and the old one goes on answering; a fault on the way is tried again.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from sentiment import Bundle
from sentiment.errors import BundleError
from sentiment_api.clock import Clock
from sentiment_api.logs import event
from sentiment_api.model.errors import CacheError, RefusedError, RegistryError
from sentiment_api.model.proving import prove
from sentiment_api.model.registry import Registered, Registry
from sentiment_api.model.schemas import RegistryState
from sentiment_api.model.service import Loaded, Serving, Source, warm_up
from sentiment_api.model.store import Cache, Entry, Refusal

_log = logging.getLogger(__name__)

# Whatever changed about a refused version is seen at once; this is for repairs that leave no trace.
_REFUSED_FOR = timedelta(minutes=10)

# Seconds. Long enough to spare a struggling server, short enough that nobody waits after it is back.
_LONGEST_PAUSE_S = 10.0

_LONGEST_REASON = 500  # characters


class Watcher:
    """Keeps `serving` equal to what the registry says."""

    def __init__(
        self,
        *,
        serving: Serving,
        registry: Registry,
        cache: Cache,
        poll_interval_s: float,
        now: Clock,
        prove: Callable[[Path], Awaitable[None]] = prove,
    ) -> None:
        self._serving = serving
        self._registry = registry
        self._cache = cache
        self._poll_interval_s = poll_interval_s
        self._now = now
        self._prove = prove
        self._failure: str | None = None

    async def run(self) -> None:
        """Serve from the cache at once, then follow the registry until cancelled."""
        await asyncio.to_thread(self._cache.sweep)
        await self.load_from_cache()
        failures = 0
        while True:
            failures = 0 if await self.poll() else failures + 1
            pause = min(self._poll_interval_s * 2 ** min(failures, 10), _LONGEST_PAUSE_S)
            pause = max(pause, self._poll_interval_s)
            # Several workers and machines do not all ask at the same moment.
            await asyncio.sleep(pause * random.uniform(0.8, 1.0))  # noqa: S311 - no secret

    async def load_from_cache(self) -> None:
        """Let the version that served last answer, or the newest other one that is still whole."""
        self._serving.refused = self._cache.refusals()
        for entry, folder in self._cache.newest_first(self._serving.model_name):
            try:
                await self._swap_in(entry, folder, "cache")
            except BundleError as error:
                event(_log, "cached_version_damaged", level=logging.WARNING, version=entry.version, why=error)
                self._cache.discard(entry)
            else:
                return

    async def poll(self) -> bool:
        """Look once at the registry and act on it. Return whether all went well."""
        try:
            registered = await self._registry.in_production()
            self._note(registered)
            if registered is not None:
                await self._follow(registered)
        except RegistryError as error:
            self._note_failure(error, reachable=False)
            return False
        except CacheError as error:
            self._note_failure(error, reachable=True)
            return False
        except Exception as error:  # noqa: BLE001 - the loop outlives a fault of ours, which is logged whole
            _log.exception("watcher_failed")
            self._note_failure(error, reachable=True)
            return False
        if self._failure is not None:
            self._failure = None
            event(_log, "registry_recovered", in_production=self._serving.registry.in_production)
        return True

    async def _follow(self, registered: Registered) -> None:
        current = self._serving.current
        if (
            current is not None
            and current.identity == registered.identity
            and registered.sha256 in {None, current.bundle.sha256}
        ):
            await self._praise(registered)
            return
        refusal = self._known_refusal(registered)
        if refusal is not None:
            await self._blame(registered, refusal.reason)
            return
        try:
            await self._load(registered)
        except (RefusedError, BundleError) as error:
            await self._refuse(registered, str(error)[:_LONGEST_REASON])

    async def _load(self, registered: Registered) -> None:
        found = await asyncio.to_thread(self._cache.find, registered)
        if found is not None:
            entry, folder = found
            try:
                await self._swap_in(entry, folder, "cache")
            except BundleError as error:
                # It was whole when it was cached: the disk is at fault, not the version.
                event(_log, "cached_version_damaged", level=logging.WARNING, version=entry.version, why=error)
                self._cache.discard(entry)
            else:
                await self._praise(registered)
                return
        with self._cache.fetching(registered.version) as alone:
            if not alone:
                return  # another worker is at it; the next look finds it in the cache
            start = perf_counter()
            with self._cache.incoming() as scratch:
                folder = scratch / "bundle"
                folder.mkdir()
                await self._registry.download(registered, folder)
                event(_log, "model_downloaded", version=registered.version, seconds=perf_counter() - start)
                await self._prove(folder)
                bundle = await asyncio.to_thread(Bundle.open, folder)
                if registered.sha256 not in {None, bundle.sha256}:
                    raise RefusedError(
                        f"bundle.json: sha256 is {bundle.sha256[:12]}…, the version's tag says "
                        f"{registered.sha256!s:.12}…; register it again"
                    )
                cost = await asyncio.to_thread(warm_up, bundle)
                entry = await asyncio.to_thread(self._cache.adopt, scratch, registered, bundle.sha256)
        loaded = Loaded(
            version=registered.version,
            identity=registered.identity,
            bundle=bundle,
            cost=cost,
            loaded_at=self._now(),
            loaded_from="registry",
        )
        await self._serve(loaded, entry, perf_counter() - start)
        await self._praise(registered)

    async def _swap_in(self, entry: Entry, folder: Path, source: Source) -> None:
        start = perf_counter()
        bundle = await asyncio.to_thread(Bundle.open, folder)
        cost = await asyncio.to_thread(warm_up, bundle)
        loaded = Loaded(
            version=entry.version,
            identity=entry.identity,
            bundle=bundle,
            cost=cost,
            loaded_at=self._now(),
            loaded_from=source,
        )
        await self._serve(loaded, entry, perf_counter() - start)

    async def _serve(self, loaded: Loaded, entry: Entry, seconds: float) -> None:
        self._serving.swap(loaded)
        event(
            _log,
            "model_swapped",
            version=loaded.version,
            family=loaded.bundle.manifest.family,
            loaded_from=loaded.loaded_from,
            seconds=seconds,
            ms_a_text=loaded.cost.of(100) * 1000,
        )
        try:
            await asyncio.to_thread(self._cache.remember, entry)
        except CacheError as error:
            # It serves; only a restart without MLflow would find an older one.
            event(_log, "cache_not_written", level=logging.WARNING, version=loaded.version, why=error)

    async def _refuse(self, registered: Registered, reason: str) -> None:
        refusal = Refusal(
            version=registered.version, reason=reason, at=self._now(), fingerprint=_fingerprint(registered)
        )
        event(_log, "model_refused", level=logging.ERROR, version=registered.version, why=reason)
        self._serving.metrics.refusals.inc()
        self._serving.refused = [
            refusal,
            *(old for old in self._serving.refused if old.version != refusal.version),
        ]
        self._explain()
        try:
            await asyncio.to_thread(self._cache.refuse, refusal)
        except CacheError as error:
            event(_log, "cache_not_written", level=logging.WARNING, version=refusal.version, why=error)
        await self._blame(registered, reason)

    def _known_refusal(self, registered: Registered) -> Refusal | None:
        fingerprint = _fingerprint(registered)
        for refusal in self._serving.refused:
            if refusal.fingerprint == fingerprint and self._now() - refusal.at < _REFUSED_FOR:
                return refusal
        return None

    async def _blame(self, registered: Registered, reason: str) -> None:
        """Write the reason onto the version; on the next look again, if that fails now."""
        if registered.refused == reason:
            return
        try:
            await self._registry.mark_refused(registered, reason)
        except RegistryError as error:
            event(_log, "tag_not_written", level=logging.WARNING, version=registered.version, why=error)

    async def _praise(self, registered: Registered) -> None:
        """Take a refusal back, here and on the version, now that it serves."""
        if any(refusal.version == registered.version for refusal in self._serving.refused):
            self._cache.pardon(registered.version)
            self._serving.refused = [
                refusal for refusal in self._serving.refused if refusal.version != registered.version
            ]
        if registered.refused is None:
            return
        with contextlib.suppress(RegistryError):  # the next look sees the tag again
            await self._registry.unmark_refused(registered)

    def _note(self, registered: Registered | None) -> None:
        serving = self._serving
        error = None
        if registered is None:
            error = f"no version of {serving.model_name} is in Production ({serving.rule}); "
            current = serving.current
            error += f"version {current.version} goes on answering" if current else "promote one"
        now = self._now()
        serving.registry = RegistryState(
            reachable=True,
            checked_at=now,
            error=error,
            in_production=registered.version if registered else None,
        )
        serving.metrics.polls.labels("ok").inc()
        serving.metrics.polled_at.set(now.timestamp())
        # Another worker may have refused it already.
        serving.refused = self._cache.refusals() or serving.refused
        self._explain()

    def _note_failure(self, error: Exception, *, reachable: bool) -> None:
        serving = self._serving
        message = str(error)[:_LONGEST_REASON]
        if self._failure != message:
            event(_log, "registry_failed", level=logging.WARNING, why=message)
        self._failure = message
        serving.metrics.polls.labels("failed").inc()
        serving.registry = RegistryState(
            reachable=reachable,
            checked_at=self._now(),
            error=message,
            in_production=serving.registry.in_production,
        )
        self._explain()

    def _explain(self) -> None:
        """Say why nothing answers, for as long as nothing does."""
        serving = self._serving
        in_production = serving.registry.in_production
        refusal = next((item for item in serving.refused if item.version == in_production), None)
        if refusal is not None:
            serving.why_not = f"version {refusal.version} was refused: {refusal.reason}"
        elif serving.registry.error is not None:
            serving.why_not = serving.registry.error
        else:
            serving.why_not = f"version {in_production} is being loaded"


def _fingerprint(registered: Registered) -> str:
    """Stand for everything about a version that could mean it was repaired."""
    content = [registered.identity, registered.updated_ms, sorted(registered.tags.items())]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
