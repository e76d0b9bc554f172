"""The cache folder: what was interrupted, what waits to be registered, and long work that trainings share.

<cache>/checkpoints/<sha256 of what is trained>/   identity.json, epochs/   (the family's)
<cache>/results/<run id>/                          see results.py
<cache>/folds/<sha256 of what is trained>/         bundles of models a fold, see crossfit.py
<cache>/pieces/                                    see pieces.py
<cache>/studies/                                   see search
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import sentiment
from sentiment_training.errors import DiskError, TrackingError
from sentiment_training.files import require_room

KEPT_DAYS = 14
FOLDS, PIECES = "folds", "pieces"
# A bundle of 90 MB twice (as written and as packed), pictures, and an epoch of the largest family.
NEEDED_BYTES = 400 * 2**20
_DAY_S = 86_400


def open_cache(folder: Path) -> Path:
    """Make the cache folder if it is absent, take away what is older than 14 days, and give it back.

    Raises
    ------
    DiskError
        If it cannot be written, or there is too little room in it or for temporary files.
    """
    folder = folder.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as fault:
        raise DiskError(
            f"the cache folder {folder} cannot be written ({fault.strerror}); "
            "name another in VIGIE_CACHE_FOLDER"
        ) from fault
    for kind in ("checkpoints", "results", FOLDS, PIECES):
        for each in (folder / kind).glob("*"):
            if time.time() - _last_change(each) > KEPT_DAYS * _DAY_S:
                _remove(each)
    for each, variable in ((folder, "VIGIE_CACHE_FOLDER"), (Path(tempfile.gettempdir()), "TMPDIR")):
        require_room(each, NEEDED_BYTES, "training", f"name another folder in {variable}")
    return folder


def identity(
    family: str,
    options: Mapping[str, str],
    fingerprint: str,
    data: Sequence[tuple[str, float]],
    seed: int,
) -> dict[str, object]:
    """All that a checkpoint depends on, the code of the families included.

    Parameters
    ----------
    data
        Name and weight of each data set, in the order in which they are learned.
    """
    return {
        "family": family,
        "options": dict(sorted(options.items())),
        "fingerprint": fingerprint,
        "data": [list(each) for each in data],
        "seed": seed,
        "code": _code(),
    }


def digest_of(identity: Mapping[str, object]) -> str:
    """Name a training by all that it depends on; hexadecimal."""
    return hashlib.sha256(_written(identity).encode()).hexdigest()


@contextmanager
def kept_checkpoints(
    cache: Path, of: Mapping[str, object], say: Callable[[str], None], *, fresh: bool = False
) -> Iterator[Path | None]:
    """Give the folder in which this very training keeps its epochs; it goes when the training succeeds.

    Parameters
    ----------
    fresh
        Take away what an earlier, interrupted training left.

    Yields
    ------
    Path or None
        None while another process trains the same.
    """
    written, folder = _written(of), cache / "checkpoints" / digest_of(of)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        if not _locked(lock):
            say("another process trains just this: no checkpoints are kept here")
            yield None
            return
        about, epochs = folder / "identity.json", folder / "epochs"
        if fresh or not about.is_file() or about.read_text(encoding="utf-8") != written:
            _remove(folder)
        epochs.mkdir(parents=True, exist_ok=True)
        about.write_text(written, encoding="utf-8")
        if any(epochs.iterdir()):
            when = datetime.fromtimestamp(_last_change(epochs)).astimezone().strftime("%d %b %H:%M")
            say(f"goes on from the checkpoint of {when}; --fresh starts over")
        try:
            yield epochs
        except BaseException as fault:
            if not any(epochs.iterdir()):
                _remove(folder)
            elif not isinstance(fault, TrackingError):  # which says how to register what is trained already
                say(f"the same command goes on from its last epoch; that is kept for {KEPT_DAYS} days")
            raise
        _remove(folder)


def _written(identity: Mapping[str, object]) -> str:
    return json.dumps(identity, indent=1, sort_keys=True)


def _code() -> str:
    """Hash what a checkpoint is read and written by: another version of it would misread the epochs."""
    digest = hashlib.sha256()
    for room in (Path(__file__).with_name("families"), Path(sentiment.__file__).parent):
        for each in sorted(room.rglob("*.py")):
            digest.update(each.relative_to(room).as_posix().encode() + b"\0" + each.read_bytes())
    return digest.hexdigest()


def _last_change(path: Path) -> float:
    """When anything in it was last written; now, where it is gone: other processes write and remove here."""
    inside = (Path(at, name) for at, folders, files in os.walk(path) for name in (*folders, *files))
    changes = []
    for each in (path, *inside):
        with suppress(FileNotFoundError):
            changes.append(each.lstat().st_mtime)
    return max(changes, default=time.time())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _locked(file: IO[str]) -> bool:
    """Hold the file for this process alone, until it is closed or the process ends, however it ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
