"""Keeps a small process that marks a run KILLED when the process that trains it is gone without a word.

SIGKILL, which is also what the system sends when memory runs out, cannot be caught; so guard_process.py
watches from its own session. It holds the other end of a pipe.
"""

import base64
import contextlib
import json
import subprocess
import sys
import urllib.parse
from dataclasses import asdict, dataclass
from pathlib import Path

from sentiment_training import guard_process

_WAIT_S = 2.0


@dataclass(frozen=True)
class Server:
    """Where MLflow is, and who asks.

    Attributes
    ----------
    address
        With the sub-path, without credentials.
    authorization
        The header's value; empty where there is none.
    verify
        Whether its certificate is checked.
    certificates
        File of authorities to trust; empty for the system's.
    """

    address: str
    authorization: str = ""
    verify: bool = True
    certificates: str = ""

    @classmethod
    def of(
        cls, uri: str, user: str, password: str, token: str, *, verify: bool, certificates: str
    ) -> "Server":
        """Credentials in the address count where there are no others, as in MLflow's client."""
        parts = urllib.parse.urlsplit(uri)
        user = user or urllib.parse.unquote(parts.username or "")
        password = password or urllib.parse.unquote(parts.password or "")
        authorization = f"Bearer {token}" if token else ""
        if user and password:
            authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        address = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return cls(address.rstrip("/"), authorization, verify, certificates)


class Guard:
    """The trainer's end: one child process a run."""

    def __init__(self, server: Server, run_id: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", str(Path(guard_process.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C goes to the whole process group
        )
        # Not on the command line, where everybody on the machine could read a password.
        self._tell(json.dumps({"server": asdict(server), "run_id": run_id}).encode() + b"\n")

    def dismiss(self) -> None:
        """Say that the run's end is marked."""
        self._tell(guard_process.DONE)
        self._close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_WAIT_S)

    def expect(self, status: str, reason: str = "") -> None:
        """Say how the run ends if this process does now."""
        self._tell(json.dumps({"status": status, "reason": reason}).encode() + b"\n")

    def hand_over(self) -> None:
        """Let the guard mark the run's end as expected: MLflow does not answer, and this process ends."""
        self._close()

    def _tell(self, line: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was opened with a pipe
        with contextlib.suppress(OSError):  # somebody ended the guard: training goes on without it
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _close(self) -> None:
        assert self._process.stdin is not None  # noqa: S101 - as above
        with contextlib.suppress(OSError):
            self._process.stdin.close()
