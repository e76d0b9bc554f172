"""Backup: databases first, then the objects.

The order makes it consistent while everything goes on running. MLflow stores a version's files before it
registers the version, so whatever a dumped row names is in the bucket when the copy begins; and nothing
deletes objects meanwhile, because `make gc` takes the same lock. An artifact that somebody deletes through
MLflow just then is named in the manifest. The API's database comes before MLflow's: its rows name versions.
"""

import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from . import archive
from .errors import NoRoomError, StackError
from .fingerprints import fingerprints
from .objects import stored
from .settings import Settings
from .stack import Stack
from .talk import Talk
from .versions import describe
from .words import count, size

# Whoever refers comes before whom it refers to.
_ORDER = ("vigie", "mlflow_auth", "mlflow")
_SPARE_BYTES = 64 * 2**20


def back_up(stack: Stack, settings: Settings, talk: Talk) -> Path:
    """Write one archive; where it lies.

    Raises
    ------
    StackError
        If PostgreSQL or the store is not well.
    NoRoomError
        If the disk would not hold it.
    """
    start = time.monotonic()
    _check_sources(stack)
    _check_room(stack, settings.backups)
    moment = datetime.now(UTC)
    path = archive.path_for(settings.backups, moment)
    manifest = describe(stack)
    salt, prints = fingerprints(stack.secrets)
    manifest["secrets"] = {"salt": salt, "fingerprints": prints}
    with archive.create(path, moment) as writer, tempfile.TemporaryDirectory(dir=settings.backups) as folder:
        for database in sorted(stack.databases(), key=_place):
            talk.doing(f"Dumping {database}")
            dump = Path(folder) / "dump"
            dump_database(stack, database, dump)
            writer.add_file(f"databases/{database}.dump", dump)
        writer.add_text("roles.sql", _roles(stack))
        talk.doing("Copying objects")
        with stack.reading(stack.in_mlflow_image("bucket.py", "export")) as stream:
            manifest["objects"] = writer.add_objects(stream)
        writer.finish(manifest)
        talk.doing("Verifying")
    objects = manifest["objects"]
    talk.done(
        f"{path}: {size(path.stat().st_size)} with {count(len(stack.databases()), 'database')} and "
        f"{count(objects['objects'], 'object')}, in {time.monotonic() - start:.1f} s, read back and verified"
    )
    if objects["vanished"]:
        gone = count(len(objects["vanished"]), "object")
        talk.warn(f"{gone} vanished while it copied: somebody deleted artifacts.")
    archive.drop_old(settings.backups, settings.keep, talk.say)
    return path


def dump_database(stack: Stack, database: str, target: Path) -> None:
    """Dump a database in PostgreSQL's custom format."""
    command = ["docker", "compose", "exec", "-T", "postgres", "pg_dump", "-U", "postgres", "-Fc", database]
    with stack.reading(command) as stream, target.open("wb") as file:
        shutil.copyfileobj(stream, file)


def _roles(stack: Stack) -> str:
    command = ("pg_dumpall", "-U", "postgres", "--roles-only", "--no-role-passwords")
    return stack.execute("postgres", *command)


def _place(database: str) -> int:
    return _ORDER.index(database) if database in _ORDER else -1


def _check_sources(stack: Stack) -> None:
    for service in ("postgres", "minio"):
        part = stack.part(service)
        if part is None or not part.is_well(is_job=False):
            raise StackError(f"{stack.why(part, service)}; a backup needs it.")


def _check_room(stack: Stack, folder: Path) -> None:
    databases = int(stack.query("postgres", "SELECT sum(pg_database_size(datname)) FROM pg_database")[0][0])
    used = sum(item.bytes for item in stored(stack))
    needed, free = databases + used + _SPARE_BYTES, shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoomError(
            f"{folder} has {size(free)} left and a backup may need {size(needed)}. "
            "Make room, lower VIGIE_BACKUP_KEEP, or name another disk with VIGIE_BACKUPS."
        )
