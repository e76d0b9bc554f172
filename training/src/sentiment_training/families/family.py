"""What every model family offers to the training run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from sentiment import Bundle, Provenance
from sentiment_training.errors import OptionError
from sentiment_training.progress import Progress

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


class FittedModel(Protocol):
    """A trained model, still in the hands of the library that trained it."""

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, to be logged."""
        ...

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """Score texts with the trainer's own library: probability of *positive*, shape (n,)."""
        ...

    def export(self, folder: Path, golden_texts: Sequence[str], provenance: Provenance) -> Bundle:
        """Write the bundle into a new folder and open it."""
        ...


class Family(Protocol):
    """A kind of model."""

    @property
    def name(self) -> str:
        """What `vigie train --family` calls it."""
        ...

    def option_help(self) -> Mapping[str, str]:
        """Each option's name, with a sentence and its default."""
        ...

    def check(self, options: Mapping[str, str]) -> None:
        """Raise OptionError if `fit` would not take these options; before any long work."""
        ...

    def fit(
        self,
        texts: Sequence[str],
        labels: BoolArray,
        options: Mapping[str, str],
        progress: Progress,
        seed: int,
    ) -> FittedModel:
        """Train on texts and their labels (True where positive), shape (n,).

        Raises
        ------
        OptionError
            If an option is unknown or out of range.
        """
        ...


@dataclass(frozen=True)
class Option:
    """How one option is read: its type, its range and what it means."""

    kind: type[int] | type[float]
    low: float
    high: float
    meaning: str


Options = TypeVar("Options")


def parse_options(defaults: Options, known: Mapping[str, Option], given: Mapping[str, str]) -> Options:
    """Replace the defaults (a frozen dataclass) by what a person gave as text.

    Raises
    ------
    OptionError
        Naming the option, what was given and what may be.
    """
    assert {field.name for field in fields(defaults)} == known.keys()  # type: ignore[arg-type]  # noqa: S101 - a bound TypeVar cannot say "dataclass"
    values: dict[str, int | float] = {}
    for name, text in given.items():
        if name not in known:
            raise OptionError(f"there is no option {name!r}; the options are {', '.join(known)}")
        option = known[name]
        try:
            value = option.kind(text)
        except ValueError as error:
            kind = "a whole number" if option.kind is int else "a number"
            raise OptionError(f"{name} takes {kind}, not {text!r}") from error
        if not option.low <= value <= option.high:
            raise OptionError(f"{name} must lie between {option.low:g} and {option.high:g}, not at {text}")
        values[name] = value
    return replace(defaults, **values)  # type: ignore[type-var]  # as above
