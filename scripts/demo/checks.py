"""What must hold before anything is started."""

import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .errors import DemoError, HomeBusyError, NoSpaceError, PortTakenError

# MLflow's database, a few versions of a linear model and the logs take about 200 MB.
_NEEDED_BYTES: Final = 500 * 1024**2


def check_port(port: int) -> None:
    """Raise `PortTakenError` unless the demo can listen on a port of 127.0.0.1."""
    other = 8081 if port != 8081 else 8082  # noqa: PLR2004 - any other port
    with socket.socket() as probe:
        # As nginx does: a connection that is still closing is no neighbour.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except PermissionError:
            raise PortTakenError(
                f"Port {port} is reserved for the administrator. Choose another: VIGIE_PORT={other} make demo"
            ) from None
        except OSError:
            raise PortTakenError(
                f"Port {port} is taken by another program. Choose another: VIGIE_PORT={other} make demo"
            ) from None


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_home(home: Path) -> None:
    """Make the folders that the demo keeps things in.

    Raises
    ------
    NoSpaceError
        If the disk has no room.
    DemoError
        If the folder cannot be made or written.
    """
    try:
        for folder in ("logs", "mlflow", "cache", "nginx/temp", "nginx/conf"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        probe = home / ".write-probe"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpaceError(_no_space(home, 0)) from None
        raise DemoError(
            f"{home} cannot be written ({error.strerror}). Choose another: VIGIE_HOME=… make demo"
        ) from None
    free = shutil.disk_usage(home).free
    if free < _NEEDED_BYTES:
        raise NoSpaceError(_no_space(home, free))


@contextmanager
def sole_user(home: Path) -> Iterator[None]:
    """Hold the folder for this demo alone; the lock goes with the process, however it ends."""
    with (home / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            who = f" (process {holder})" if holder else ""
            raise HomeBusyError(
                f"A demo is already running in {home}{who}. Stop it with Ctrl-C, "
                "or start a second one elsewhere: VIGIE_HOME=.vigie-2 VIGIE_PORT=8081 make demo"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _no_space(home: Path, free: int) -> str:
    return (
        f"The disk that holds {home} has {free // 1024**2} MB left; "
        f"the demo needs {_NEEDED_BYTES // 1024**2} MB. "
        "Make room, or keep its data elsewhere: VIGIE_HOME=/path/with/room make demo"
    )
