"""Status: every part's health and version, disk, last backup, model in Production; and why, if not well."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from . import archive
from .errors import CommandError
from .objects import stored
from .predictions import ask
from .settings import Settings
from .stack import Part, Stack, run
from .talk import Talk
from .words import count, size, span

_LITTLE_ROOM: Final = 0.1  # of the disk
_LITTLE_BYTES: Final = 2 * 2**30


@dataclass(frozen=True)
class Line:
    """One fact; `trouble` says why it is not as it should be, and what to do."""

    name: str
    fact: str
    trouble: str = ""


def report(stack: Stack, settings: Settings, talk: Talk) -> bool:
    """Print the status; whether all is well."""
    parts = {part.service: part for part in stack.parts()}
    lines = [part_line(stack, parts.get(name), name) for name in stack.services]
    lines += _facts(stack, parts, settings)
    width = max(len(line.name) for line in lines)
    troubles = [line for line in lines if line.trouble]
    for line in lines:
        text = f"{line.name:<{width}}  {line.fact}"
        talk.warn(f"{text}  ← {line.trouble}") if line.trouble else talk.done(text)
    talk.say()
    if troubles:
        talk.trouble(
            f"{count(len(troubles), 'thing')} not well: {', '.join(line.name for line in troubles)}."
        )
    else:
        talk.say(f"All is well at {stack.address}")
    return not troubles


def part_line(stack: Stack, part: Part | None, service: str) -> Line:
    """Describe one part."""
    if part is None:
        return Line(service, "not there", "start it: make up")
    version = " ".join(word for word in (part.version, part.revision[:7]) if word and word != "unknown")
    fact = f"{part.image}{f' ({version})' if version else ''}"
    if part.is_well(is_job=stack.is_job(service)):
        state = (
            "done" if stack.is_job(service) else f"{part.health or part.state}, up {_age(part.started_at)}"
        )
        return Line(service, f"{state:<24} {fact}")
    return Line(service, f"{part.health or part.state:<24} {fact}", stack.why(part, service))


def _facts(stack: Stack, parts: dict[str, Part], settings: Settings) -> Iterator[Line]:
    yield _production(stack)
    postgres, minio = parts.get("postgres"), parts.get("minio")
    if postgres is not None and postgres.is_well(is_job=False):
        sizes = stack.query(
            "postgres",
            "SELECT datname, pg_database_size(datname) FROM pg_database "
            "WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1",
        )
        yield Line("databases", ", ".join(f"{name} {size(int(used))}" for name, used in sizes))
    if minio is not None and minio.is_well(is_job=False):
        yield _bucket(stack)
    yield from _disks(stack, settings)
    yield backup_line(settings.backups, settings.max_age_h, datetime.now(UTC))


def _bucket(stack: Stack) -> Line:
    try:
        objects = stored(stack)
    except CommandError as error:
        return Line("bucket", "not readable", str(error))
    return Line("bucket", f"{count(len(objects), 'object')}, {size(sum(item.bytes for item in objects))}")


def _production(stack: Stack) -> Line:
    status, model = ask(stack, "/api/v1/model")
    if not model:
        return Line(
            "production", "unknown", f"the API does not answer at {stack.address}/api/ ({status or 'nobody'})"
        )
    if not model.get("ready"):
        return Line(
            "production", "no version answers", "promote one in MLflow, or: make train ARGS='… --promote'"
        )
    fact = f"{model['name']} version {model['version']} ({model['family']}, {model['rule']})"
    refused = model.get("refused") or []
    registry = model.get("registry") or {}
    if refused:
        last = refused[-1]
        return Line("production", fact, f"version {last['version']} was refused: {last['reason']}")
    if not registry.get("reachable", True):
        return Line(
            "production", fact, f"MLflow is not reachable ({registry.get('error')}); the last version serves"
        )
    return Line("production", fact)


def _disks(stack: Stack, settings: Settings) -> Iterator[Line]:
    engine = json.loads(run(["docker", "info", "--format", "{{json .DockerRootDir}}"], stack.root))
    seen: set[int] = set()
    for name, path in (("disk", Path(engine)), ("backup disk", settings.backups)):
        # Only root may look into Docker's folder; its parents are on the same disk more often than not.
        place = next(folder for folder in (path, *path.parents) if _visible(folder))
        device = place.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(place)
        fact = f"{size(usage.free)} of {size(usage.total)} left at {place}"
        little = usage.free < min(_LITTLE_ROOM * usage.total, _LITTLE_BYTES)
        yield Line(name, fact, "make room: docker image prune, make gc, fewer backups" if little else "")


def _visible(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except PermissionError:
        return False


def backup_line(folder: Path, max_age_h: float, now: datetime) -> Line:
    """Describe the last backup; an old one or none is trouble."""
    paths = archive.archives(folder) if folder.is_dir() else []
    if not paths:
        return Line("last backup", "none", "make one: make backup")
    age = now - (archive.created_at(paths[-1]) or now)
    fact = f"{paths[-1].name}, {span(age)} ago, {size(paths[-1].stat().st_size)}"
    old = age > timedelta(hours=max_age_h)
    return Line("last backup", fact, f"older than {max_age_h:g} h: make backup" if old else "")


def _age(started_at: str) -> str:
    # Docker writes nanoseconds, which Python does not read.
    return span(datetime.now(UTC) - datetime.fromisoformat(started_at[:19]).replace(tzinfo=UTC))
