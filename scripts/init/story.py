"""The story of `make init` and `make up`: choices, secrets, checks, start, first prediction."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

from demo import questions
from demo.talk import Talk

from . import choices, docker, secret_files
from .choices import Choices
from .errors import PlatformError, StartError

ROOT: Final = Path(__file__).resolve().parents[2]
# The first start trains a model; on a NAS that is a matter of minutes.
_READY_LIMIT_S: Final = 900.0
_JOBS_INTERVAL_S: Final = 5.0
_LOG_LINES: Final = 15
_FIELDS: Final = 4


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run it in the folder that holds compose.yaml; 0 if all is well."""
    talk = Talk()
    signal.signal(signal.SIGTERM, _interrupt)
    os.chdir(root)
    try:
        talk.title("Vigie · in containers on this machine")
        if list(arguments) == ["init"]:
            _prepare(root, talk, docker.cpu_limit(docker.known()))
            talk.say("\n  Look into .env, then: make up\n")
        else:
            _up(root, talk)
    except KeyboardInterrupt:
        talk.say("  Left. What has been started goes on; `make up` waits again, `make down` stops it.\n")
        return 130
    except PlatformError as error:
        talk.trouble(str(error))
        return 1
    except OSError as error:
        talk.trouble(f"{error.filename or 'A file'}: {error.strerror or error}")
        return 1
    return 0


def _prepare(root: Path, talk: Talk, cpus: int) -> Choices:
    if choices.write(root, choices.found_out(os.environ, cpus)):
        talk.done("Choices written to .env")
    chosen = choices.read(root, os.environ)
    made = secret_files.write(chosen.secrets)
    if made:
        talk.done(f"{len(made)} secrets made in {chosen.secrets.name}/, readable by you alone")
    return chosen


def _up(root: Path, talk: Talk) -> None:
    talk.doing("Asking Docker")
    info = docker.check()
    chosen = _prepare(root, talk, docker.cpu_limit(info))
    docker.check_room(info, chosen.image)
    docker.check_port(chosen.bind, chosen.port)
    talk.done("Docker, memory, disk and port are in order")
    talk.say("  Pulling or building what is missing, then starting; the first time this takes minutes.\n")
    started = subprocess.run(["docker", "compose", "up", "--detach", "--remove-orphans"], check=False)
    if started.returncode != 0:
        raise StartError(f"Docker could not start every part (above).{_unwell()}")
    talk.doing("Waiting for the page")
    _wait(partial(questions.page_is_up, chosen.address), "The page", talk)
    talk.done("The page answers")
    talk.doing("Waiting for a prediction; the first start trains a small model")
    _wait(partial(questions.predicts, chosen.address), "A prediction", talk)
    talk.done("A tweet was read, through the proxy")
    _summary(chosen, talk)


def _wait(ready: Callable[[], bool], what: str, talk: Talk) -> None:
    deadline = time.monotonic() + _READY_LIMIT_S
    look_at_jobs = time.monotonic()
    while not ready():
        if time.monotonic() > deadline:
            raise StartError(f"{what} did not come within {_READY_LIMIT_S / 60:.0f} minutes.{_unwell()}")
        if time.monotonic() > look_at_jobs:
            if any(state == "exited" and code != "0" for _, state, _, code in _parts()):
                raise StartError(f"{what} will not come: a part has ended with an error.{_unwell()}")
            look_at_jobs = time.monotonic() + _JOBS_INTERVAL_S
        talk.tick()
        time.sleep(0.2)


def _parts() -> list[tuple[str, str, str, str]]:
    """List every part: name, state, health, exit code."""
    listed = subprocess.run(
        ["docker", "compose", "ps", "--all", "--format", "{{.Service}},{{.State}},{{.Health}},{{.ExitCode}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line.split(",") for line in listed.stdout.splitlines()]
    return [(row[0], row[1], row[2], row[3]) for row in rows if len(row) == _FIELDS]


def _unwell() -> str:
    """Show the last lines of every part that is not well."""
    told = ""
    for service, state, health, code in _parts():
        if (state == "running" and health != "unhealthy") or (state == "exited" and code == "0"):
            continue
        logs = subprocess.run(
            ["docker", "compose", "logs", "--no-color", "--no-log-prefix", f"--tail={_LOG_LINES}", service],
            capture_output=True,
            text=True,
            check=False,
        )
        shown = "".join(f"\n    {each}" for each in logs.stdout.splitlines())
        how = f"{state}, exit code {code}" if state == "exited" else f"{state} {health}".strip()
        told += f"\n\n  {service} is {how}. Its last lines:{shown or ' none'}"
    return told


def _summary(chosen: Choices, talk: Talk) -> None:
    here = Path.cwd()
    folder = chosen.secrets.relative_to(here) if chosen.secrets.is_relative_to(here) else chosen.secrets
    rows = (
        ("Page", talk.bold(chosen.address)),
        ("API", f"{chosen.address}/api/  {talk.quiet('POST /api/v1/predict')}"),
        ("MLflow", f"{chosen.address}/mlflow/  {talk.quiet('users: admin, editor, viewer')}"),
        ("Password", f"cat {folder}/mlflow_editor_password  {talk.quiet('(…_admin_…, …_viewer_…)')}"),
        ("Choices", ".env  (then `make up` again)"),
        ("Stop", "make down"),
    )
    talk.say()
    for name, value in rows:
        talk.say(f"    {talk.quiet(f'{name:<12}')} {value}")
    talk.say(f"\n  Ready after {talk.seconds:.0f} s.\n")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
