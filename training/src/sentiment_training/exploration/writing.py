"""Writes a file whole or not at all, and over no other unless that was asked for."""

import os
import tempfile
from pathlib import Path

from sentiment_training.errors import OptionError


def require_place(path: Path, *, force: bool) -> None:
    """Raise OptionError if `write_whole` could not write there; before any long work.

    Parameters
    ----------
    force
        Whether an existing file may be replaced.
    """
    if path.is_dir():
        raise OptionError(f"--out {path}: that is a folder; name a file in it")
    if path.exists() and not force:
        raise OptionError(
            f"--out {path}: there is a file already; give another name, or --force to replace it"
        )
    if not path.parent.is_dir():
        raise OptionError(f"--out {path}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise OptionError(f"--out {path}: nothing can be written into {path.parent}; choose another folder")


def write_whole(path: Path, text: str) -> None:
    """Write a text file beside its place, then move it there in one step."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        scratch = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            # A temporary file is for its owner alone; a report is as readable as any other file.
            scratch.chmod(0o666 & ~_umask())
            scratch.replace(path)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
