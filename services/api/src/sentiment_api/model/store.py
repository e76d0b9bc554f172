"""The last good versions on disk, shared by all workers of a machine.

```
current.json              names the folder that served last
versions/7-3fa9…/         record.json beside bundle/ with the three files
incoming/…                downloads that are not verified yet
refused/7.json            why a version was refused, and when
locks/7                   held by the one worker that fetches version 7
```
Nothing appears under its final name before it is whole and on the disk.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sentiment_api.model.errors import CacheError
from sentiment_api.model.registry import Registered

_CURRENT = "current.json"
_RECORD = "record.json"
_KEPT_VERSIONS = 3
_KEPT_REFUSALS = 20
# Longer than any download may take.
_ABANDONED_AFTER_S = 2 * 3600


class Entry(BaseModel):
    """A version on this disk."""

    model_config = ConfigDict(frozen=True)

    identity: str
    name: str
    version: str
    bundle_sha256: str


class Refusal(BaseModel):
    """A version that was refused.

    `fingerprint` changes with whatever could have repaired it: its tags, its stage, its number's owner.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    reason: str
    at: datetime
    fingerprint: str


class Cache:
    """The cache folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """Lend an empty folder on the cache's own disk; what is left in it is removed.

        Raises
        ------
        CacheError
            If the cache cannot be written.
        """
        with _writing(self._folder):
            parent = self._folder / "incoming"
            parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(dir=parent))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @contextmanager
    def fetching(self, version: str) -> Iterator[bool]:
        """Try to become the one worker that fetches a version; False if another is at it."""
        with _writing(self._folder):
            parent = self._folder / "locks"
            parent.mkdir(parents=True, exist_ok=True)
            file = (parent / version).open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def adopt(self, scratch: Path, registered: Registered, bundle_sha256: str) -> Entry:
        """Move a verified download (`bundle/` in the lent folder) under its final name.

        Raises
        ------
        CacheError
            If the cache cannot be written.
        """
        entry = Entry(
            identity=registered.identity,
            name=registered.name,
            version=registered.version,
            bundle_sha256=bundle_sha256,
        )
        final = self._place(entry)
        with _writing(self._folder):
            bundle = scratch / "bundle"
            for path in (*bundle.iterdir(), bundle):
                _sync(path)
            _write(scratch / _RECORD, entry.model_dump_json())
            final.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(final, ignore_errors=True)
            scratch.rename(final)
            _sync(final.parent)
        return entry

    def find(self, registered: Registered) -> tuple[Entry, Path] | None:
        """Look for a version of the registry on this disk."""
        for entry, folder in self._entries():
            if entry.identity == registered.identity and registered.sha256 in {None, entry.bundle_sha256}:
                return entry, folder / "bundle"
        return None

    def discard(self, entry: Entry) -> None:
        """Remove a version that this disk did not keep whole."""
        shutil.rmtree(self._place(entry), ignore_errors=True)

    def remember(self, entry: Entry) -> None:
        """Note which version serves, and remove all but the newest few.

        Raises
        ------
        CacheError
            If the cache cannot be written.
        """
        with _writing(self._folder):
            place = self._place(entry)
            _write(self._folder / _CURRENT, json.dumps({"folder": place.name}))
            os.utime(place)
            folders = sorted(place.parent.iterdir(), key=_age, reverse=True)
            for folder in folders[_KEPT_VERSIONS:]:
                shutil.rmtree(folder, ignore_errors=True)

    def newest_first(self, name: str) -> list[tuple[Entry, Path]]:
        """List what can serve a model without a registry: the version that served last, then the others."""
        try:
            current = json.loads((self._folder / _CURRENT).read_text("utf-8"))["folder"]
        except (OSError, ValueError, KeyError, TypeError):
            current = None
        found = [(_age(folder), entry, folder) for entry, folder in self._entries() if entry.name == name]
        found.sort(key=lambda item: (item[2].name == current, item[0]), reverse=True)
        return [(entry, folder / "bundle") for _, entry, folder in found]

    def refuse(self, refusal: Refusal) -> None:
        """Note a refusal, for every worker and for after a restart.

        Raises
        ------
        CacheError
            If the cache cannot be written.
        """
        with _writing(self._folder):
            parent = self._folder / "refused"
            parent.mkdir(parents=True, exist_ok=True)
            _write(parent / f"{refusal.version}.json", refusal.model_dump_json())
            for old in self.refusals()[_KEPT_REFUSALS:]:
                self.pardon(old.version)

    def pardon(self, version: str) -> None:
        """Forget a refusal."""
        (self._folder / "refused" / f"{version}.json").unlink(missing_ok=True)

    def refusals(self) -> list[Refusal]:
        """List the refusals, newest first."""
        found = []
        for file in (self._folder / "refused").glob("[0-9]*.json"):
            try:
                found.append(Refusal.model_validate_json(file.read_bytes()))
            except (OSError, ValidationError):
                continue  # removed by another worker just now, or not ours
        return sorted(found, key=lambda refusal: refusal.at, reverse=True)

    def sweep(self) -> None:
        """Remove downloads that a killed worker left behind."""
        for folder in (self._folder / "incoming").glob("*"):
            if time.time_ns() - _age(folder) > _ABANDONED_AFTER_S * 10**9:
                shutil.rmtree(folder, ignore_errors=True)

    def _place(self, entry: Entry) -> Path:
        digest = hashlib.sha256(f"{entry.identity} {entry.bundle_sha256}".encode()).hexdigest()
        return self._folder / "versions" / f"{entry.version}-{digest[:12]}"

    def _entries(self) -> Iterator[tuple[Entry, Path]]:
        for folder in (self._folder / "versions").glob("[0-9]*"):
            try:
                yield Entry.model_validate_json((folder / _RECORD).read_bytes()), folder
            except (OSError, ValidationError):
                continue  # pruned by another worker just now, or not ours


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CacheError(f"{folder} cannot be written: {error.strerror or error}") from error


def _age(folder: Path) -> int:
    """Return when a folder was last touched in nanoseconds since 1970, 0 if it is gone."""
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _write(path: Path, text: str) -> None:
    """Replace a file atomically and lastingly."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
