"""The last epoch of a training on the disk: whole or not at all, and of this very training."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sentiment_training.errors import CheckpointError
from sentiment_training.families.family import Examples
from sentiment_training.files import kept_arrays, whole

_FILE = "epoch.npz"
Weights = Sequence[npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Standing:
    """How far a training has come.

    Attributes
    ----------
    epochs
        That are done.
    best_epoch, best_loss
        The epoch, from 1, with the least validation loss so far, and that loss.
    waited
        Epochs since then.
    rate_factor
        What the learning rate has been multiplied by.
    """

    epochs: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    waited: int = 0
    rate_factor: float = 1.0


@dataclass(frozen=True)
class Checkpoint:
    """Everything from which a training goes on.

    Attributes
    ----------
    tokenizer
        As `tokenizer.json`.
    network, optimizer
        Their variables, after the last epoch.
    best
        The network's variables after the best epoch.
    """

    standing: Standing
    tokenizer: str
    network: Weights
    optimizer: Weights
    best: Weights


def identity(train: Examples, validation: Examples, choices: object, seed: int) -> str:
    """Name a training by everything that decides what comes out of it: data, options, seed."""
    content = f"{choices!r} {seed} {train.sha256()} {validation.sha256()}"
    return hashlib.sha256(content.encode()).hexdigest()


def save(folder: Path, identity: str, checkpoint: Checkpoint) -> None:
    """Write over what the folder holds; killed in between, the old one stays."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"identity": identity, "standing": asdict(checkpoint.standing), "tokenizer": checkpoint.tokenizer}
    arrays: dict[str, npt.NDArray[np.generic]] = {"about": np.array(json.dumps(about))}
    for name in ("network", "optimizer", "best"):
        arrays |= {f"{name}_{place}": each for place, each in enumerate(getattr(checkpoint, name))}
    with whole(folder / _FILE) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load(folder: Path, identity: str) -> Checkpoint | None:
    """Read the last epoch; None where the folder holds none.

    Raises
    ------
    CheckpointError
        If it is damaged, or belongs to another training.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    with kept_arrays(path) as file:
        about = json.loads(str(file["about"]))
        if about["identity"] != identity:
            raise CheckpointError(
                f"{path} belongs to another training (its data, options or seed are not these); "
                "--fresh begins again"
            )
        parts = {
            name: [file[f"{name}_{place}"] for place in range(_count(list(file), name))]
            for name in ("network", "optimizer", "best")
        }
        return Checkpoint(Standing(**about["standing"]), about["tokenizer"], **parts)


def _count(names: Sequence[str], part: str) -> int:
    return sum(name.startswith(f"{part}_") for name in names)
