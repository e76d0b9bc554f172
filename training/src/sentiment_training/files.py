"""Files are written whole or not at all, and over no other unless that was asked for."""

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from sentiment_training.errors import CheckpointError, DiskError, OptionError

_LEAST_ROOM = 32 * 2**20


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to; it takes its place, and that of an older one, when it is safe on the disk.

    Where writing it fails, nothing of it is left.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with scratch.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except BaseException as fault:
        scratch.unlink(missing_ok=True)
        add_place(fault, path)
        raise


def add_place(fault: BaseException, path: Path) -> None:
    """Name what was written in a fault that names no file, as a full disk's does."""
    if isinstance(fault, OSError) and fault.filename is None:
        fault.filename = os.fspath(path)


@contextmanager
def kept_arrays(path: Path) -> Iterator[Mapping[str, npt.NDArray[np.generic]]]:
    """Open the arrays of a checkpoint.

    Raises
    ------
    CheckpointError
        If it is damaged, or what is read from it within the block is not as it was written.
    """
    try:
        # NumPy leaves a file that it opened itself open where it is no archive.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            yield file
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError) as fault:
        raise CheckpointError(f"{path} cannot be read ({fault}); --fresh begins again") from fault


def require_place(
    path: Path, *, force: bool, option: str = "--out", replaceable: bool = True, room: int = 0
) -> None:
    """See that a file can be written there; before any long work.

    Parameters
    ----------
    force
        Whether an existing file may be replaced.
    option
        That named it.
    replaceable
        Whether the command has a --force.
    room
        Bytes that the file has at least, where that is known.

    Raises
    ------
    OptionError
        If nothing could be written there.
    DiskError
        If the disk has too little room for it.
    """
    if path.is_dir():
        raise OptionError(f"{option} {path}: that is a folder; name a file in it")
    if path.exists() and not force:
        remedy = "give another name" + ", or --force to replace it" * replaceable
        raise OptionError(f"{option} {path}: there is a file already; {remedy}")
    if not path.parent.is_dir():
        raise OptionError(f"{option} {path}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise OptionError(
            f"{option} {path}: nothing can be written into {path.parent}; choose another folder"
        )
    require_room(path.parent, max(room, _LEAST_ROOM), str(path), "name a file on another disk")


def require_room(folder: Path, wanted: int, what: str, remedy: str) -> None:
    """Raise DiskError if a folder has less room than so many bytes.

    Parameters
    ----------
    what
        Wants it.
    remedy
        Beside making room.
    """
    if (free := shutil.disk_usage(folder).free) < wanted:
        raise DiskError(
            f"{folder} has {free / 2**20:,.0f} MB of free space, {what} wants {wanted / 2**20:,.0f} MB; "
            f"make room there, or {remedy}"
        )
