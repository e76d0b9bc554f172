"""What every model family offers to the training run."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from sentiment import Bundle, Provenance
from sentiment_training.datasets import evenly
from sentiment_training.errors import OptionError
from sentiment_training.progress import Progress, SilentProgress

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Report = Callable[[str, float, int], None]
"""Takes a figure's name, its value and the step (an epoch, say) at which it was measured."""


@dataclass(frozen=True)
class Examples:
    """Labelled texts to learn from or to choose by.

    Attributes
    ----------
    texts
        Shape (n,), none empty.
    labels
        True where positive, shape (n,).
    weights
        How much each row counts, shape (n,), each above 0; 1 unless somebody chose otherwise.
    domains
        Which data set each row is from, as an index into `names`, shape (n,).
    names
        Of the data sets.
    """

    texts: Sequence[str]
    labels: BoolArray
    weights: FloatArray
    domains: IntArray
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.texts)

    def chosen(self, rows: IntArray) -> "Examples":
        """Keep some of the rows, by their numbers."""
        return Examples(
            [self.texts[row] for row in rows],
            self.labels[rows],
            self.weights[rows],
            self.domains[rows],
            self.names,
        )

    def evenly(self, most: int) -> IntArray:
        """Places of at most so many rows of each data set, evenly chosen, in their order."""
        each = (np.flatnonzero(self.domains == domain) for domain in range(len(self.names)))
        chosen: IntArray = np.sort(np.concatenate([rows[evenly(len(rows), most)] for rows in each]))
        return chosen

    def sha256(self) -> str:
        """Name the rows by all that they are, in their order; hexadecimal."""
        digest = hashlib.sha256(f"{len(self)}".encode())
        for text in self.texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        for column in (self.labels, self.weights, self.domains):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    @classmethod
    def of(cls, texts: Sequence[str], labels: BoolArray, name: str = "data") -> "Examples":
        """Texts of one data set, all of the same weight."""
        n = len(texts)
        return cls(texts, labels, np.ones(n), np.zeros(n, np.int64), [name])

    def evened(self) -> FloatArray:
        """Return weights of the rows with which each data set counts the same, shape (n,)."""
        weights: FloatArray = len(self) / np.bincount(self.domains)[self.domains]
        return weights


@dataclass(frozen=True)
class Work:
    """What a long training is given beside its data.

    Attributes
    ----------
    progress
        Shows how far it is.
    seed
        For everything that is random.
    report
        Is given live figures (`validation.loss` after each epoch, say). It may raise to end the training.
    checkpoints
        A folder in which an iterative family keeps its last epoch, and from which it goes on if it finds
        one there; None where nothing is kept. Belongs to this very training: data, options and seed.
    pieces
        A folder for long work on texts that depends on no training (`pieces.py`): vectors of an encoder,
        answers of a teacher. Whoever trains takes from it what is there; None where nothing is kept.
    say
        Is given a sentence that a person should read.
    told
        What need not be said again.
    """

    progress: Progress = field(default_factory=SilentProgress)
    seed: int = 0
    report: Report = lambda _name, _value, _step: None
    checkpoints: Path | None = None
    pieces: Path | None = None
    say: Callable[[str], None] = lambda _line: None
    told: set[str] = field(default_factory=set)

    def keep(self, write: Callable[[], None]) -> None:
        """Write a checkpoint; where it cannot be written, say so, for the training needs none to go on."""
        try:
            write()
        except OSError as fault:
            line = f"no checkpoint could be written ({fault.strerror or fault}); the training goes on"
            if line not in self.told:
                self.told.add(line)
                self.say(line)


class Trial(Protocol):
    """The part of Optuna's trial that a search space is written with."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Choose a whole number."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Choose a number."""
        ...

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str:
        """Choose one of several."""
        ...


class FittedModel(Protocol):
    """A trained model, still in the hands of the library that trained it."""

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, to be logged."""
        ...

    @property
    def tolerance(self) -> float | None:
        """Largest gap between two probabilities at which bundle and trainer agree.

        None where the export is quantised: then their accuracies are compared.
        """
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

    @property
    def needs_validation(self) -> bool:
        """Whether `fit` chooses by rows that it does not learn from: early stopping, calibration."""
        ...

    def option_help(self) -> Mapping[str, str]:
        """Each option's name, with a sentence and its default."""
        ...

    def check(self, options: Mapping[str, str]) -> None:
        """Raise OptionError if `fit` would not take these options; before any long work.

        Files that options name must be there, packages that they need installed.
        """
        ...

    def suggest(self, trial: Trial, fixed: Mapping[str, str], /) -> Mapping[str, str]:
        """Choose options for one trial of a search.

        Parameters
        ----------
        fixed
            What a person chose, and `check` accepts: nothing is suggested that does not go with it.
        """
        ...

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> FittedModel:
        """Train.

        Parameters
        ----------
        validation
            Never learned from; empty unless the family needs it.

        Raises
        ------
        OptionError
            If an option is unknown or out of range.
        """
        ...


class Option(Protocol):
    """How one option is read from what a person typed."""

    @property
    def meaning(self) -> str:
        """What it is, in a few words."""
        ...

    @property
    def values(self) -> str:
        """What it may be, in a few words; empty where `meaning` says it."""
        ...

    def read(self, name: str, text: str) -> str | int | float | bool:
        """Return the value; raise OptionError naming the option, what was given and what may be."""
        ...


@dataclass(frozen=True)
class Number:
    """A number within a range."""

    kind: type[int] | type[float]
    low: float
    high: float
    meaning: str

    @property
    def values(self) -> str:
        """From where to where."""
        return f"{_plain(self.low)} to {_plain(self.high)}"

    def read(self, name: str, text: str) -> int | float:
        """Return the number."""
        try:
            value = self.kind(text)
        except ValueError as error:
            kind = "a whole number" if self.kind is int else "a number"
            raise OptionError(f"{name} takes {kind}, not {text!r}") from error
        if not self.low <= value <= self.high:
            raise OptionError(
                f"{name} must lie between {_plain(self.low)} and {_plain(self.high)}, not at {text}"
            )
        return value


@dataclass(frozen=True)
class Choice:
    """One of several words."""

    words: Sequence[str]
    meaning: str

    @property
    def values(self) -> str:
        """All words."""
        return ", ".join(self.words)

    def read(self, name: str, text: str) -> str:
        """Return the word."""
        if text not in self.words:
            raise OptionError(f"{name} is one of {', '.join(self.words)}, not {text!r}")
        return text


@dataclass(frozen=True)
class Switch:
    """Yes or no."""

    meaning: str
    values: ClassVar[str] = "true, false"

    def read(self, name: str, text: str) -> bool:
        """Return whether it is on."""
        known = {"true": True, "yes": True, "on": True, "1": True}
        known |= {"false": False, "no": False, "off": False, "0": False}
        if text.lower() not in known:
            raise OptionError(f"{name} takes true or false, not {text!r}")
        return known[text.lower()]


@dataclass(frozen=True)
class Text:
    """Any text, such as a path."""

    meaning: str
    values: ClassVar[str] = ""

    def read(self, name: str, text: str) -> str:  # noqa: ARG002 - the protocol's
        """Return it as it is."""
        return text


Options = TypeVar("Options")


def parse_options(defaults: Options, known: Mapping[str, Option], given: Mapping[str, str]) -> Options:
    """Replace the defaults (a frozen dataclass) by what a person gave as text.

    Raises
    ------
    OptionError
        Naming the option, what was given and what may be.
    """
    assert {each.name for each in fields(defaults)} == known.keys()  # type: ignore[arg-type]  # noqa: S101 - a bound TypeVar cannot say "dataclass"
    values = {}
    for name, text in given.items():
        if name not in known:
            raise OptionError(f"there is no option {name!r}; the options are {', '.join(known)}")
        values[name] = known[name].read(name, text)
    return replace(defaults, **values)  # type: ignore[type-var]  # as above


def option_help(defaults: object, known: Mapping[str, Option]) -> Mapping[str, str]:
    """Each option's name, with its meaning, what it may be, and its default."""
    given: Mapping[str, Any] = asdict(defaults)  # type: ignore[call-overload]  # as above
    return {
        name: f"{option.meaning} ({option.values + '; ' * bool(option.values)}{_default(given[name])})"
        for name, option in known.items()
    }


def _plain(bound: float) -> str:
    return f"{bound:,.0f}" if bound == int(bound) else f"{bound:g}"


def _default(value: str | float | bool) -> str:
    if value == "":
        return "no default"
    return f"default {str(value).lower() if isinstance(value, bool) else value}"
