"""Keeps a training on the disk, so that a kill costs minutes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment_training.errors import CheckpointError
from sentiment_training.families.family import Examples
from sentiment_training.files import kept_arrays, whole

_FILE = "transformer.npz"
_STATE = "state"
_BEST = "best"

Arrays = list[npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Place:
    """How far a training is.

    Attributes
    ----------
    step
        Batches done.
    seconds
        Spent so far.
    best_loss
        The smallest validation loss so far, infinite before the first check.
    best_step
        Where it was measured.
    bad_checks
        Checks since then.
    """

    step: int = 0
    seconds: float = 0.0
    best_loss: float = float("inf")
    best_step: int = 0
    bad_checks: int = 0


def digest(arrays: Arrays, *rows: Examples) -> str:
    """Name what a training began from: its numbers, and the rows that it learns and is checked on."""
    found = hashlib.sha256("".join(each.sha256() for each in rows).encode())
    for each in arrays:
        found.update(np.ascontiguousarray(each).tobytes())
    return found.hexdigest()


def save(folder: Path, began_from: str, place: Place, variables: Sequence[Any], best: Arrays) -> None:
    """Write the place, every Keras variable, and the best numbers so far; whole or not at all.

    Parameters
    ----------
    began_from
        The digest of the weights that are fine-tuned, and of the rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = json.dumps({"began_from": began_from, "place": asdict(place)})
    arrays = {f"{number:05}": np.asarray(each) for number, each in enumerate(variables)}
    arrays |= {f"{_BEST}{number:05}": each for number, each in enumerate(best)}
    with whole(folder / _FILE) as file:
        np.savez(file, allow_pickle=False, **{_STATE: np.array(state)}, **arrays)


def load(folder: Path, began_from: str, variables: Sequence[Any]) -> tuple[Place, Arrays] | None:
    """Give the variables what was kept, and return the place and the best numbers; None if nothing was.

    Raises
    ------
    CheckpointError
        If it is damaged, or belongs to a training that began from other weights or rows.
    """
    path = folder / _FILE
    if not path.is_file():
        return None
    with kept_arrays(path) as kept:
        state = json.loads(str(kept[_STATE]))
        if state["began_from"] != began_from:
            raise CheckpointError(
                f"{path} belongs to a training that began from other weights or rows; --fresh begins again"
            )
        arrays = [kept[f"{number:05}"] for number in range(len(variables))]
        best = [kept[name] for name in sorted(kept) if name.startswith(_BEST)]
        place = Place(**state["place"])
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return place, best
