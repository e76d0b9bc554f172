"""Keeps a training on the disk, so that a kill costs minutes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment_training.files import whole

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


def save(folder: Path, place: Place, variables: Sequence[Any], best: Arrays) -> None:
    """Write the place, every Keras variable, and the best numbers so far; whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {f"{number:05}": np.asarray(each) for number, each in enumerate(variables)}
    arrays |= {f"{_BEST}{number:05}": each for number, each in enumerate(best)}
    with whole(folder / _FILE) as file:
        np.savez(file, allow_pickle=False, **{_STATE: np.array(json.dumps(asdict(place)))}, **arrays)


def load(folder: Path, variables: Sequence[Any]) -> tuple[Place, Arrays] | None:
    """Give the variables what was kept, and return the place and the best numbers; None if nothing was."""
    path = folder / _FILE
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as kept:
        for number, variable in enumerate(variables):
            variable.assign(kept[f"{number:05}"])
        best = [kept[name] for name in sorted(kept.files) if name.startswith(_BEST)]
        return Place(**json.loads(str(kept[_STATE]))), best
