"""The file of a backup: one tar, every member's sha256 in it, written whole or not at all.

Members, in this order:

vigie-backup.json     the format's version and the time: read first, so a newer format is refused at once
databases/NAME.dump   PostgreSQL's custom format
roles.sql             roles without passwords; for reading, a restore makes them from the secrets
objects/KEY           every object of MLflow's bucket
manifest.json         what was running, counts, secrets' fingerprints, and size and sha256 of each above
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final, cast

from .errors import ArchiveError, DamagedError, TooNewError

FORMAT_VERSION: Final = 1
_FIRST: Final = "vigie-backup.json"
_LAST: Final = "manifest.json"
_OBJECTS: Final = "objects/"
_CHUNK: Final = 2**20

Manifest = dict[str, Any]  # Any: JSON


@dataclass(frozen=True)
class Member:
    """One file of an archive."""

    name: str
    bytes: int
    key: str  # of the object; empty for what is none
    kind: str  # its content type


class Writer:
    """Writes an archive's members; `archive.create` makes one."""

    def __init__(self, tar: tarfile.TarFile, created_at: datetime) -> None:
        self._tar = tar
        self.created_at = created_at
        self.members: dict[str, dict[str, Any]] = {}  # Any: JSON
        first = {"format_version": FORMAT_VERSION, "created_at": created_at.isoformat()}
        self.add_text(_FIRST, json.dumps(first) + "\n")

    def add_text(self, name: str, text: str) -> None:
        """Add a small file."""
        content = text.encode()
        info = tarfile.TarInfo(name)
        info.size = len(content)
        self.add(info, BytesIO(content))

    def add_file(self, name: str, path: Path) -> None:
        """Add a file of this machine."""
        info = tarfile.TarInfo(name)
        info.size = path.stat().st_size
        with path.open("rb") as file:
            self.add(info, file)

    def add_objects(self, stream: IO[bytes]) -> Manifest:
        """Add what `bucket.py export` writes; its closing words.

        Raises
        ------
        ArchiveError
            If the stream ends before its end.
        """
        with tarfile.open(fileobj=stream, mode="r|") as objects:
            for info in objects:
                content = cast("IO[bytes]", objects.extractfile(info))
                if info.name == "end.json":
                    end: Manifest = json.load(content)
                    while stream.read(_CHUNK):  # the padding, or its writer would find a broken pipe
                        pass
                    return end
                self.add(info, content)
        raise ArchiveError("The bucket's objects ended before their end. Nothing was kept; run it again.")

    def add(self, info: tarfile.TarInfo, content: IO[bytes]) -> None:
        """Add a member, readable by its owner alone."""
        info.mode, info.uid, info.gid, info.uname, info.gname = 0o600, 0, 0, "", ""
        info.mtime = info.mtime or int(self.created_at.timestamp())
        hashing = _Hashing(content)
        self._tar.addfile(info, cast("IO[bytes]", hashing))
        self.members[info.name] = {"bytes": info.size, "sha256": hashing.sha256.hexdigest()}

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, and so close the list of members."""
        whole = {"format_version": FORMAT_VERSION, "created_at": self.created_at.isoformat()}
        self.add_text(_LAST, json.dumps(whole | manifest | {"members": dict(self.members)}, indent=1) + "\n")


@contextmanager
def create(path: Path, created_at: datetime) -> Iterator[Writer]:
    """Write an archive under another name; verify it, put it on the disk and only then name it.

    Beside it lies `NAME.sha256` as `sha256sum --check` reads it.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            part.chmod(0o600)
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield Writer(tar, created_at)
            file.flush()
            os.fsync(file.fileno())
        verify(part)
        digest = sha256_of(part)
        part.rename(path)
        checksum = path.with_name(f"{path.name}.sha256")
        checksum.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
        _sync(checksum)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def verify(path: Path) -> Manifest:
    """Read the whole archive and compare every member with the manifest.

    Raises
    ------
    TooNewError
        If its format is newer than this code.
    DamagedError
        If anything is missing, changed or cut off.
    ArchiveError
        If it is no backup of Vigie.
    """
    found: dict[str, dict[str, Any]] = {}  # Any: JSON
    manifest: Manifest | None = None
    for member, content in read(path):
        if member.name == _LAST:
            manifest = _json(path, content)
            continue
        hashing = _Hashing(content)
        while hashing.read(_CHUNK):
            pass
        found[member.name] = {"bytes": member.bytes, "sha256": hashing.sha256.hexdigest()}
    if manifest is None:
        raise DamagedError(f"{path} is cut off: its manifest is missing. Use another backup.")
    expected = manifest["members"]
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            what = "is missing" if name not in found else "is not what was written"
            raise DamagedError(f"{path} is damaged: {name} {what}. Use another backup.")
    return manifest


def read(path: Path) -> Iterator[tuple[Member, IO[bytes]]]:
    """Go through an archive's members in order; each can be read until the next is asked for."""
    try:
        with tarfile.open(path, mode="r:") as tar:
            for place, info in enumerate(tar):
                content = tar.extractfile(info)
                if content is None:
                    raise DamagedError(f"{path} holds {info.name}, which is no file.")
                if place == 0:
                    content = _check_format(path, info.name, content)
                key = info.pax_headers.get("VIGIE.key", "")
                name = f"{_OBJECTS}{key}" if key else info.name
                kind = info.pax_headers.get("VIGIE.type", "")
                yield Member(name, info.size, key, kind), cast("IO[bytes]", _Whole(content, path))
    except tarfile.TarError as error:
        raise DamagedError(f"{path} is damaged or no backup ({error}). Use another.") from error
    except FileNotFoundError:
        raise ArchiveError(f"{path} does not exist. `make status` names the last backup.") from None
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror or error}.") from error


def check_checksum(path: Path) -> None:
    """Compare the file with `NAME.sha256` where that lies beside it; raise `DamagedError` if they differ."""
    beside = path.with_name(f"{path.name}.sha256")
    if path.is_file() and beside.is_file() and beside.read_text("utf-8").split()[0] != sha256_of(path):
        raise DamagedError(f"{path} is damaged: {beside.name} names another sha256. Use another backup.")


def archives(folder: Path) -> list[Path]:
    """Every archive of a folder, the oldest first."""
    return sorted(path for path in folder.glob("vigie-*Z.tar") if created_at(path))


def path_for(folder: Path, moment: datetime) -> Path:
    """Name an archive by its time."""
    return folder / f"vigie-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar"


def created_at(path: Path) -> datetime | None:
    """Read the time in an archive's name."""
    try:
        return datetime.strptime(path.name, "vigie-%Y%m%dT%H%M%SZ.tar").replace(tzinfo=UTC)
    except ValueError:
        return None


def drop_old(folder: Path, keep: int, say: Callable[[str], None]) -> None:
    """Remove all archives but the newest."""
    for path in archives(folder)[:-keep]:
        path.unlink()
        path.with_name(f"{path.name}.sha256").unlink(missing_ok=True)
        say(f"Removed {path.name}: {keep} are kept (VIGIE_BACKUP_KEEP).")


def sha256_of(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Hashing:
    """A stream whose content is hashed as it is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.sha256.update(content)
        return content


class _Whole:
    """A member's content; one that is cut off is no shorter content."""

    def __init__(self, content: IO[bytes], path: Path) -> None:
        self._content = content
        self._path = path

    def read(self, size: int = -1) -> bytes:
        try:
            return self._content.read(size)
        except tarfile.TarError as error:
            raise DamagedError(
                f"{self._path} is damaged or cut off ({error}). Use another backup."
            ) from error


def _check_format(path: Path, name: str, content: IO[bytes]) -> IO[bytes]:
    if name != _FIRST:
        raise ArchiveError(f"{path} is no backup of Vigie: it begins with {name}.")
    raw = content.read()
    version = _json(path, BytesIO(raw)).get("format_version")
    if not isinstance(version, int):
        raise DamagedError(f"{path} is damaged: it names no format. Use another backup.")
    if version > FORMAT_VERSION:
        raise TooNewError(
            f"{path} has format {version}; this Vigie reads up to {FORMAT_VERSION}. "
            "Restore it with the Vigie that made it, or update this one first."
        )
    return BytesIO(raw)


def _json(path: Path, content: IO[bytes]) -> Manifest:
    try:
        value: Manifest = json.loads(content.read())
    except ValueError as error:
        raise DamagedError(f"{path} is damaged: its description is not readable. Use another.") from error
    return value


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
