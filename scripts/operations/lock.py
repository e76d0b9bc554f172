"""One operation at a time: nothing is deleted while a backup copies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BusyError, OperationError


@contextmanager
def sole_operation(folder: Path, name: str) -> Iterator[None]:
    """Hold the folder of backups for this operation; the lock goes with the process, however it ends."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise OperationError(f"{folder} cannot be written: {error.strerror}. Set VIGIE_BACKUPS.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "another operation"
            raise BusyError(f"{holder} is under way. Wait for its end.") from None
        lock.truncate(0)
        lock.write(f"`make {name}` (process {os.getpid()})")
        lock.flush()
        yield
        lock.truncate(0)
