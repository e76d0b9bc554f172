"""Learns from another model's answers, too: from a teacher that reads better, and is too slow to serve.

A label says on which side a tweet is, a teacher also how sure that is; and it doubts labels that are wrong,
as many of those that were taken from a smiley. Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a
Neural Network"; at temperature 1, for of two classes none is hidden behind the other.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from sentiment import Bundle
from sentiment.errors import BundleError
from sentiment_training.errors import OptionError
from sentiment_training.families.answers import read_answers
from sentiment_training.families.family import Examples, FloatArray, Number, Option, Text, Work
from sentiment_training.machine import usable_cores
from sentiment_training.metrics import SMALLEST_PROBABILITY
from sentiment_training.pieces import kept_piece

# Texts that the teacher is asked about at once, and whose answers are then kept: a minute of work.
_PIECE = 16_384
# Of these, what a thread asks about: few enough that all are busy to the end.
_SHARE = 1_024

Targets = npt.NDArray[np.float32]
"""What a network is to answer, shape (n,): 0 and 1 are labels."""

TEACHER_OPTIONS: Mapping[str, Option] = {
    "teacher": Text(
        "folder of a bundle whose answers the network learns from, beside the labels; or a parquet or CSV "
        "file of answers, as `vigie crossfit` and `vigie score` write it (columns text and probability); of "
        "several, with commas between, the mean log-odds"
    ),
    "teacher_share": Number(float, 0, 1, "how much its answer counts, against the label"),
    "teacher_rows": Number(
        int, 0, 100_000_000, "rows of each data set that it is asked about at most; 0 is all"
    ),
}


class Taught(Protocol):
    """The part of a family's options that says from whom it learns."""

    @property
    def teacher(self) -> str:
        """A bundle's folder or a file of answers; empty where only labels teach."""
        ...

    @property
    def teacher_share(self) -> float:
        """How much an answer counts, against the label."""
        ...

    @property
    def teacher_rows(self) -> int:
        """Rows of each data set that it is asked about at most; 0 is all."""
        ...


class Teacher(Protocol):
    """Whoever answers."""

    @property
    def sha256(self) -> str:
        """Of all that its answers depend on."""
        ...

    @property
    def threshold(self) -> float:
        """From which probability on it calls a text positive."""
        ...

    def answers(self, texts: Sequence[str], work: Work) -> Targets:
        """Probability of *positive*, shape (n,); NaN for a text that it knows nothing of."""
        ...


def open_teacher(teacher: str) -> Teacher | None:
    """Open the bundle or the file that is the teacher, or several of them; none where none is named.

    Raises
    ------
    OptionError
        If one is neither.
    """
    if not teacher:
        return None
    # A file's name may hold a comma. (Path.exists raises where a list is too long to be a name.)
    named = [teacher] if os.path.exists(teacher) else teacher.split(",")  # noqa: PTH110
    first, *others = (_opened(each.strip()) for each in named)
    return _Several([first, *others]) if others else first


def log_odds_of(probability: FloatArray | Targets) -> FloatArray:
    """Log-odds of probabilities, those of 0 and 1 at the log-odds of the nearest that a loss is taken of."""
    inside = np.clip(probability.astype(np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    found: FloatArray = logit(inside)
    return found


def _opened(teacher: str) -> Teacher:
    if not teacher:
        raise OptionError("teacher names nothing before or after a comma; leave the comma out")
    if Path(teacher).is_file():
        return read_answers(Path(teacher))
    try:
        return _OfBundle(Bundle.open(Path(teacher)))
    except BundleError as error:
        raise OptionError(f"teacher={teacher} is not the folder of a bundle: {error}") from error


@dataclass(frozen=True)
class _OfBundle:
    """A bundle that is asked; what it answered is kept for whatever else is trained on these texts."""

    bundle: Bundle

    @property
    def sha256(self) -> str:
        return self.bundle.sha256

    @property
    def threshold(self) -> float:
        return self.bundle.manifest.threshold

    def answers(self, texts: Sequence[str], work: Work) -> Targets:
        answers = np.empty(len(texts), np.float32)
        ask = partial(bundle_answers, self.bundle)
        with work.progress.step("teacher", len(texts)) as advance:
            for start in range(0, len(texts), _PIECE):
                piece = texts[start : start + _PIECE]
                answers[start : start + _PIECE] = kept_piece(piece, work.pieces, self.sha256, ask, ())
                advance(len(piece))
        return answers


@dataclass(frozen=True)
class _Several:
    """Teachers whose mean log-odds answer, of a text those that know it."""

    teachers: Sequence[Teacher]
    threshold: ClassVar[float] = 0.5

    @property
    def sha256(self) -> str:
        return hashlib.sha256("".join(each.sha256 for each in self.teachers).encode()).hexdigest()

    def answers(self, texts: Sequence[str], work: Work) -> Targets:
        each = np.stack([log_odds_of(teacher.answers(texts, work)) for teacher in self.teachers])
        known = ~np.isnan(each)
        mean = np.where(known, each, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        answers: Targets = np.where(known.any(axis=0), expit(mean), np.nan).astype(np.float32)
        return answers


def targets(train: Examples, teacher: Teacher | None, options: Taught, work: Work) -> Targets:
    """Return the labels, or where a teacher answers, `teacher_share` of its answer and the rest the label's.

    Raises
    ------
    OptionError
        If the teacher has no answer to any of the texts.
    """
    labels = train.labels.astype(np.float32)
    if teacher is None:
        return labels
    asked = train.evenly(options.teacher_rows or len(train))
    answers = teacher.answers([train.texts[row] for row in asked], work)
    known = ~np.isnan(answers)
    asked, answers = asked[known], answers[known]
    if not len(asked):
        raise OptionError(
            f"teacher={options.teacher} has no answer to any of the {len(train):,} texts that are learned; "
            "its texts must be these, letter by letter"
        )
    agreed = (answers >= teacher.threshold) == train.labels[asked]
    work.report("teacher.asked", len(asked), 0)
    work.report("teacher.agreed_share", float(agreed.mean()), 0)
    labels[asked] += options.teacher_share * (answers - labels[asked])
    return labels


def bundle_answers(bundle: Bundle, texts: Sequence[str]) -> Targets:
    """Probability of *positive*, shape (n,), computed on every core: a bundle answers each thread on one."""
    shares = (texts[start : start + _SHARE] for start in range(0, len(texts), _SHARE))
    with ThreadPoolExecutor(usable_cores()) as threads:
        return np.concatenate(list(threads.map(bundle.probabilities, shares)))
