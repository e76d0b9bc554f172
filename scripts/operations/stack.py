"""The stack as Docker and Compose know it: its parts, their state, and commands inside them."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

from .errors import CommandError, EngineError, StackError

_OLDEST_COMPOSE: Final = (2, 20)
_INSIDE: Final = Path(__file__).parent / "inside"
_SHOWN_CHARACTERS: Final = 1500


@dataclass(frozen=True)
class Part:
    """One container of the stack."""

    service: str
    container: str
    state: str  # running, exited, …
    health: str  # healthy, unhealthy, starting; empty without a check
    exit_code: int
    image: str  # as the compose file names it
    image_id: str
    version: str
    revision: str
    last_check: str  # what the health check said last
    started_at: str

    def is_well(self, *, is_job: bool) -> bool:
        """Tell whether it does what it should: a job has ended well, a server runs and is healthy."""
        if is_job:
            return self.state == "exited" and self.exit_code == 0
        return self.state == "running" and self.health in {"", "healthy"}


class Stack:
    """The project of `compose.yaml`; Compose's own variables (COMPOSE_PROJECT_NAME, COMPOSE_FILE) hold."""

    def __init__(self, root: Path) -> None:
        self.root = root
        _check_engine(root)

    @cached_property
    def config(self) -> dict[str, Any]:  # Any: JSON of Compose's own schema
        """The compose files, resolved, of the profiles that are switched on."""
        answer = self.compose("config", "--format", "json")
        config: dict[str, Any] = json.loads(answer)
        return config

    @property
    def project(self) -> str:
        """The project's name, the first part of its volumes' names."""
        return str(self.config["name"])

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Services that should be there, in the file's order."""
        return tuple(self.config["services"])

    def is_job(self, service: str) -> bool:
        """Tell whether a service ends by itself."""
        return bool(self.config["services"].get(service, {}).get("restart") == "no")

    @property
    def secrets(self) -> dict[str, Path]:
        """The secrets' files by name."""
        return {name: Path(entry["file"]) for name, entry in self.config.get("secrets", {}).items()}

    def check_secrets(self) -> None:
        """Raise `StackError` if a secret's file is missing."""
        missing = sorted(name for name, path in self.secrets.items() if not path.is_file())
        if missing:
            raise StackError(f"Secrets are missing ({', '.join(missing)}). Write them first: make init")

    @property
    def address(self) -> str:
        """Where nginx answers on this machine."""
        port = self.config["services"]["nginx"]["ports"][0]
        host = port.get("host_ip") or "127.0.0.1"
        return f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port['published']}"  # noqa: S104 - compared

    def parts(self) -> list[Part]:
        """Every container of the project, also the stopped ones, but for those of single commands."""
        ids = self.compose("ps", "--all", "--quiet").split()
        if not ids:
            return []
        found = json.loads(run(["docker", "inspect", *ids], self.root))
        order = {service: place for place, service in enumerate(self.services)}
        parts = [
            _part(container)
            for container in found
            if container["Config"]["Labels"].get("com.docker.compose.oneoff") != "True"
        ]
        return sorted(parts, key=lambda part: order.get(part.service, len(order)))

    def part(self, service: str) -> Part | None:
        """Find the container of a service."""
        return next((part for part in self.parts() if part.service == service), None)

    def compose(self, *arguments: str) -> str:
        """Run a Compose command; its output.

        Raises
        ------
        CommandError
            If it fails, with what it said.
        """
        return run(["docker", "compose", *arguments], self.root)

    def execute(self, service: str, *command: str, stdin: IO[bytes] | None = None) -> str:
        """Run a command in a running container; its output."""
        return run(["docker", "compose", "exec", "-T", service, *command], self.root, stdin=stdin)

    def query(self, database: str, sql: str) -> list[list[str]]:
        """Ask PostgreSQL as its owner; rows of texts."""
        command = ["psql", "-U", "postgres", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1"]
        answer = self.execute("postgres", *command, "-d", database, "-c", sql)
        return [line.split("\x1f") for line in answer.splitlines() if line]

    def databases(self) -> list[str]:
        """Names of the stack's databases."""
        sql = "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1"
        return [row[0] for row in self.query("postgres", sql)]

    def in_mlflow_image(self, script: str, *arguments: str) -> list[str]:
        """Command that runs one of our scripts where the store's key is: a container of MLflow's image."""
        source = (_INSIDE / script).read_text("utf-8")
        run_one = ["docker", "compose", "run", "--rm", "--no-deps", "-T", "--entrypoint", "python", "mlflow"]
        return [*run_one, "-c", source, *arguments]

    @contextmanager
    def reading(self, command: Sequence[str]) -> Iterator[IO[bytes]]:
        """Run a command and read what it writes; raise `CommandError` if it fails."""
        process = subprocess.Popen(
            command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None  # noqa: S101 - it was opened with a pipe
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            process.communicate()
            raise
        _, said = process.communicate()
        _check(command, process.returncode, said)

    @contextmanager
    def writing(self, command: Sequence[str]) -> Iterator[IO[bytes]]:
        """Run a command and write what it reads; raise `CommandError` if it fails."""
        process = subprocess.Popen(
            command, cwd=self.root, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stdin is not None  # noqa: S101 - it was opened with a pipe
        try:
            yield process.stdin
        except BrokenPipeError:
            _, said = process.communicate()
            _check(command, process.returncode or 1, said)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        else:
            _, said = process.communicate()
            _check(command, process.returncode, said)

    def run_job(self, service: str) -> None:
        """Run a job to its end, whatever it ended with before."""
        self.compose("run", "--rm", "--no-deps", "-T", service)

    def wait_until_well(self, services: Sequence[str], patience_s: float, tick: Callable[[], None]) -> None:
        """Wait until servers are healthy and jobs have ended well.

        Raises
        ------
        StackError
            If a job fails, or the time is up; names what is not well, and why.
        """
        deadline = time.monotonic() + patience_s
        while True:
            parts = {part.service: part for part in self.parts()}
            late = [name for name in services if not self._is_well(parts.get(name), name)]
            if not late:
                return
            failed = [
                name for name in late if name in parts and self.is_job(name) and parts[name].state == "exited"
            ]
            if failed or time.monotonic() > deadline:
                reasons = "; ".join(self.why(parts.get(name), name) for name in failed or late)
                raise StackError(f"Not well after {patience_s:.0f} s at most: {reasons}.")
            tick()
            time.sleep(1)

    def _is_well(self, part: Part | None, service: str) -> bool:
        return part is not None and part.is_well(is_job=self.is_job(service))

    def why(self, part: Part | None, service: str) -> str:
        """Say why a part is not well, in half a sentence."""
        if part is None:
            return f"{service} is not there (make up)"
        if part.state != "running":
            tail = "" if part.state == "created" else f" with exit code {part.exit_code}"
            log = self.compose("logs", "--no-color", "--no-log-prefix", "--tail", "3", service).strip()
            return f"{service} is {part.state}{tail}" + (f": {_shorten(log)}" if log else "")
        said = f": {_shorten(part.last_check)}" if part.last_check and part.health == "unhealthy" else ""
        return f"{service} is {part.health or part.state}{said}"


def run(command: Sequence[str], cwd: Path, *, stdin: IO[bytes] | None = None) -> str:
    """Run a program; its output.

    Raises
    ------
    CommandError
        If it fails, with what it said.
    """
    ended = subprocess.run(
        command, cwd=cwd, stdin=stdin or subprocess.DEVNULL, capture_output=True, check=False
    )
    _check(command, ended.returncode, ended.stderr)
    return ended.stdout.decode("utf-8", "replace")


def _check(command: Sequence[str], code: int, said: bytes) -> None:
    if code != 0:
        # A script that is passed as an argument helps nobody.
        shown = " ".join(word for word in command if "\n" not in word)
        text = said.decode("utf-8", "replace").strip()[-_SHOWN_CHARACTERS:]
        raise CommandError(f"`{shown}` ended with {code}: {text or '(it said nothing)'}")


def _check_engine(root: Path) -> None:
    if shutil.which("docker") is None:
        raise EngineError("Docker is not installed. Install it first: docs/owner.md, What you need.")
    info = subprocess.run(
        ["docker", "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True, check=False
    )
    if info.returncode != 0 or not info.stdout.strip():
        who = "" if os.geteuid() == 0 else ", or this user may not speak to it (sudo, or the group docker)"
        raise EngineError(f"The Docker engine does not answer: it is not running{who}.")
    version = subprocess.run(
        ["docker", "compose", "version", "--short"], capture_output=True, text=True, check=False
    )
    if version.returncode != 0:
        raise EngineError("Docker Compose is missing: install the plugin docker-compose-plugin.")
    if _numbers(version.stdout) < _OLDEST_COMPOSE:
        raise EngineError(f"Docker Compose is {version.stdout.strip()}; 2.20 or later is needed.")
    if not (root / "compose.yaml").is_file():
        raise EngineError(f"{root} holds no compose.yaml.")


def _numbers(version: str) -> tuple[int, ...]:
    words = version.strip().removeprefix("v").replace("-", ".").split(".")
    return tuple(int(word) for word in words[:2] if word.isdigit())


def _shorten(text: str) -> str:
    line = " / ".join(part.strip() for part in text.strip().splitlines()[-2:])
    return line if len(line) <= 240 else f"…{line[-240:]}"  # noqa: PLR2004 - two lines of a terminal


def _part(container: dict[str, Any]) -> Part:  # Any: JSON of Docker's own schema
    state, labels = container["State"], container["Config"]["Labels"]
    health = state.get("Health") or {}
    log = health.get("Log") or [{}]
    return Part(
        service=labels["com.docker.compose.service"],
        container=container["Id"],
        state=state["Status"],
        health=health.get("Status", ""),
        exit_code=state["ExitCode"],
        image=container["Config"]["Image"],
        image_id=container["Image"],
        version=labels.get("org.opencontainers.image.version", ""),
        revision=labels.get("org.opencontainers.image.revision", ""),
        last_check=log[-1].get("Output", ""),
        started_at=state.get("StartedAt", ""),
    )
