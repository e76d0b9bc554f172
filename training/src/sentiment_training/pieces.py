"""Long work on texts, piece by piece, each kept on the disk: who ends it loses one piece."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sentiment_training.files import whole

Array = npt.NDArray[np.generic]


def kept_piece(
    texts: Sequence[str],
    folder: Path | None,
    identity: str,
    compute: Callable[[Sequence[str]], Array],
    row: tuple[int, ...],
    *,
    lent: bool = False,
) -> Array:
    """Take from the folder what was computed for just these texts, or compute it and keep it there.

    Parameters
    ----------
    folder
        None keeps nothing.
    identity
        Of what computes.
    compute
        Gives one row a text.
    row
        Shape of a row; () where it is one number.
    lent
        Give no copy but a view on the file, whose pages the system takes back where memory is short.
    """
    if folder is None:
        return compute(texts)
    path = _place(texts, folder, identity)
    if path.is_file():
        try:
            found: Array | None = _opened(path, lent=lent)
        except (ValueError, EOFError, OSError):
            # Cut short by a full disk or a lost machine, or taken away by now; it is made again.
            found = None
        if found is not None and found.shape == (len(texts), *row):
            return found
    fresh = compute(texts)
    folder.mkdir(parents=True, exist_ok=True)
    with whole(path) as file:
        np.save(file, fresh)
    return _opened(path, lent=True) if lent else fresh


def _opened(path: Path, *, lent: bool) -> Array:
    opened: Array = np.load(path, mmap_mode="r" if lent else None, allow_pickle=False)
    return opened


def is_kept(texts: Sequence[str], folder: Path, identity: str) -> bool:
    """Whether the folder holds what was computed for just these texts."""
    return _place(texts, folder, identity).is_file()


def _place(texts: Sequence[str], folder: Path, identity: str) -> Path:
    return folder / f"{_named(identity, texts)}.npy"


def _named(identity: str, texts: Sequence[str]) -> str:
    digest = hashlib.sha256(identity.encode())
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()
