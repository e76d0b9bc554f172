"""Restore: everything is checked and read back beside what is there, and only then takes its place.

Objects are put first, then each database is restored under another name; when all of that has succeeded, the
databases change names. A restore that fails half-way leaves the databases as they were.
"""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from . import archive
from .errors import StackError
from .fingerprints import differing
from .objects import extract, put_back
from .predictions import check_prediction
from .settings import Settings
from .stack import Stack
from .talk import Talk
from .versions import check_fit
from .words import count, size

_SOURCES: Final = ("postgres", "minio")
_WRITERS: Final = ("api", "mlflow", "first-model")
_NEW: Final = "_restoring"
_OLD: Final = "_replaced"


def restore(stack: Stack, path: Path, settings: Settings, talk: Talk) -> None:
    """Put an archive's databases and objects in place of what is there.

    Raises
    ------
    ArchiveError
        If the archive is damaged, or newer than the images here.
    DeclinedError
        If a person said no.
    """
    start = time.monotonic()
    talk.doing("Verifying the archive")
    archive.check_checksum(path)
    manifest = archive.verify(path)
    talk.done(_what(path, manifest))
    stack.check_secrets()
    _say_secrets(stack, manifest, talk)
    check_fit(stack, manifest)
    talk.confirm(_question(stack))

    talk.doing("Starting PostgreSQL and the store")
    stack.compose("up", "--detach", *_SOURCES)
    stack.wait_until_well(_SOURCES, settings.patience_s, lambda: None)
    for job in ("databases", "bucket"):
        stack.run_job(job)
    stack.compose("stop", *_WRITERS)
    talk.doing("Putting objects back")
    sent = put_back(stack, path)
    names = restore_databases(stack, path, databases_of(manifest), talk)
    stack.run_job("databases")
    _forget_cache(stack)
    talk.doing("Starting everything")
    stack.compose("up", "--detach")
    stack.wait_until_well(stack.services, settings.patience_s, lambda: None)
    version = check_prediction(stack)
    talk.done(
        f"Restored {count(len(names), 'database')} and {count(sent, 'object')} in "
        f"{time.monotonic() - start:.1f} s; version {version} predicts"
    )


def databases_of(manifest: dict[str, Any]) -> list[str]:  # Any: JSON
    """Names of an archive's databases."""
    return [
        name.removeprefix("databases/").removesuffix(".dump")
        for name in manifest["members"]
        if name.startswith("databases/")
    ]


def restore_databases(stack: Stack, path: Path, names: list[str], talk: Talk) -> list[str]:
    """Restore databases beside those that are there, then let them change places."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        for name in names:
            talk.doing(f"Restoring {name}")
            dump = Path(folder) / "dump"
            extract(path, f"databases/{name}.dump", dump)
            stack.query("postgres", f'DROP DATABASE IF EXISTS "{name}{_NEW}" WITH (FORCE)')
            stack.query("postgres", f'CREATE DATABASE "{name}{_NEW}" TEMPLATE template0')
            _pg_restore(stack, f"{name}{_NEW}", dump)
    for name in names:
        owner = stack.query(
            "postgres",
            f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{name}'",  # noqa: S608 - of a verified archive
        )
        stack.query("postgres", f'DROP DATABASE IF EXISTS "{name}{_OLD}" WITH (FORCE)')
        if owner:
            stack.query("postgres", f'ALTER DATABASE "{name}{_NEW}" OWNER TO "{owner[0][0]}"')
            _alone(stack, name)
            stack.query("postgres", f'ALTER DATABASE "{name}" RENAME TO "{name}{_OLD}"')
        stack.query("postgres", f'ALTER DATABASE "{name}{_NEW}" RENAME TO "{name}"')
    for name in names:
        stack.query("postgres", f'DROP DATABASE IF EXISTS "{name}{_OLD}" WITH (FORCE)')
    return names


def _alone(stack: Stack, name: str) -> None:
    # Only what stands still can be renamed; the programs that write are stopped already.
    stack.query(
        "postgres",
        f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608 - of a verified archive
    )


def _pg_restore(stack: Stack, database: str, dump: Path) -> None:
    command = ("pg_restore", "-U", "postgres", "--exit-on-error", "--single-transaction", "-d", database)
    with dump.open("rb") as file:
        stack.execute("postgres", *command, stdin=file)


def _forget_cache(stack: Stack) -> None:
    """Let the API load its version anew: what it kept may be another one of the same number."""
    stack.compose("rm", "--stop", "--force", "api")
    volume = f"{stack.project}_api-cache"
    ended = subprocess.run(["docker", "volume", "rm", "--force", volume], capture_output=True, check=False)
    if ended.returncode != 0:
        raise StackError(f"The volume {volume} cannot be removed: {ended.stderr.decode().strip()}")


def _what(path: Path, manifest: dict[str, Any]) -> str:  # Any: JSON
    rows = manifest["rows"]
    objects = count(manifest["objects"]["objects"], "object")
    return (
        f"{path.name} of {manifest['created_at'][:16].replace('T', ' ')} UTC is whole: "
        f"{size(path.stat().st_size)}, {count(rows['mlflow']['runs'], 'run')}, "
        f"{count(rows['mlflow']['model_versions'], 'model version')}, "
        f"{count(rows['vigie']['feedback'], 'report')}, {objects}; "
        f"MLflow {manifest['mlflow']}"
    )


def _say_secrets(stack: Stack, manifest: dict[str, Any], talk: Talk) -> None:  # Any: JSON
    kept = manifest["secrets"]
    if names := differing(stack.secrets, kept["salt"], kept["fingerprints"]):
        talk.warn(
            f"Secrets that are not those of the backup: {', '.join(names)}. Those of this machine hold."
        )
    else:
        talk.done("Every secret is the one of the backup")


def _question(stack: Stack) -> str:
    there = [part.service for part in stack.parts() if part.service in _SOURCES]
    if there:
        return f"Replace the databases and objects of the stack {stack.project!r} by the backup's?"
    return f"Make the stack {stack.project!r} from the backup?"
