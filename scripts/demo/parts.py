"""The programs the demo is made of: started, watched and ended together."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import PartError
from .keeper import alive, send

_PATIENCE_S: Final = 8.0
_SHOWN_LINES: Final = 12


@dataclass(frozen=True)
class Part:
    """A program: how it is called, and where it writes what it says."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path


class Parts:
    """The programs that run now.

    Parameters
    ----------
    patience_s
        Seconds that a program has for an orderly end.
    """

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._running: list[tuple[Part, subprocess.Popen[bytes]]] = []
        self._keeper = subprocess.Popen(
            [sys.executable, "-S", Path(__file__).with_name("keeper.py")],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def start(self, part: Part) -> subprocess.Popen[bytes]:
        """Start a program in a group of its own, so that Ctrl-C reaches the demo alone."""
        with part.log.open("ab") as log:
            process = subprocess.Popen(
                part.command,
                env=part.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((part, process))
        self._tell_keeper(process.pid)
        return process

    def run(self, part: Part, meanwhile: Callable[[], None]) -> None:
        """Run a program to its end.

        Raises
        ------
        PartError
            If it, or another part meanwhile, fails.
        """
        process = self.start(part)
        while process.poll() is None:
            self.check(besides=part)
            meanwhile()
            wait_a_moment()
        self._running.remove((part, process))
        self._tell_keeper(-process.pid)
        if process.returncode != 0:
            raise PartError(_obituary(part, process.returncode))

    def check(self, besides: Part | None = None) -> None:
        """Raise `PartError` if a program has ended."""
        for part, process in self._running:
            if part is not besides and process.poll() is not None:
                raise PartError(_obituary(part, process.returncode))

    def wait_until(
        self, ready: Callable[[], bool], what: str, limit_s: float, meanwhile: Callable[[], None]
    ) -> None:
        """Wait for something to become true, while every program goes on running.

        Raises
        ------
        PartError
            If a program ends, or the time is up.
        """
        if not self.wait_for(ready, limit_s, meanwhile):
            logs = "".join(_last_lines(part) for part, _ in self._running)
            raise PartError(f"{what} did not become ready within {limit_s:.0f} seconds.{logs}")

    def wait_for(self, ready: Callable[[], bool], limit_s: float, meanwhile: Callable[[], None]) -> bool:
        """Wait for something that may also not come; tell whether it did.

        Raises
        ------
        PartError
            If a program ends.
        """
        deadline = time.monotonic() + limit_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                return False
            meanwhile()
            wait_a_moment()
        return True

    def stop(self) -> None:
        """End every program, children of children too; returns when none is left."""
        groups = [process.pid for _, process in reversed(self._running)]
        send(groups, signal.SIGTERM)
        deadline = time.monotonic() + self._patience_s
        while self._any_left() and time.monotonic() < deadline:
            time.sleep(0.05)
        send(groups, signal.SIGKILL)
        for _, process in self._running:
            process.wait()
        self._running.clear()
        self._keeper.communicate()

    def _tell_keeper(self, group: int) -> None:
        assert self._keeper.stdin is not None  # noqa: S101 - it was opened with a pipe
        self._keeper.stdin.write(f"{group}\n".encode())
        self._keeper.stdin.flush()

    def _any_left(self) -> bool:
        for _, process in self._running:
            process.poll()  # a child that ended stays in its group until it is waited for
        return any(alive(process.pid) for _, process in self._running)


def wait_a_moment() -> None:
    """Leave the processor to the others for a tenth of a second."""
    time.sleep(0.1)


def _obituary(part: Part, code: int) -> str:
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"{part.name} {how}.{_last_lines(part)}"


def _last_lines(part: Part) -> str:
    text = part.log.read_text(encoding="utf-8", errors="replace") if part.log.exists() else ""
    lines = text.splitlines()[-_SHOWN_LINES:]
    shown = "".join(f"\n    {line}" for line in lines) or "\n    (it wrote nothing)"
    return f"\n  Last lines of {part.log}:{shown}"
