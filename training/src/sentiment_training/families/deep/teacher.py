"""Learns from another model's answers, too: from a teacher that reads better, and is too slow to serve.

A label says on which side a tweet is, a teacher also how sure that is; and it doubts labels that are wrong,
as many of those that were taken from a smiley. Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a
Neural Network"; at temperature 1, for of two classes none is hidden behind the other.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sentiment import Bundle
from sentiment.errors import BundleError
from sentiment_training.errors import OptionError
from sentiment_training.families.deep.options import NetworkOptions
from sentiment_training.families.family import Examples, Work
from sentiment_training.machine import usable_cores
from sentiment_training.pieces import kept_piece

# Texts that the teacher is asked about at once, and whose answers are then kept: a minute of work.
_PIECE = 16_384
# Of these, what a thread asks about: few enough that all are busy to the end.
_SHARE = 1_024

Targets = npt.NDArray[np.float32]
"""What a network is to answer, shape (n,): 0 and 1 are labels."""


def open_teacher(folder: str) -> Bundle:
    """Open the bundle that is the teacher.

    Raises
    ------
    OptionError
        If it is none.
    """
    try:
        return Bundle.open(Path(folder))
    except BundleError as error:
        raise OptionError(f"teacher={folder} is not the folder of a bundle: {error}") from error


def targets(train: Examples, teacher: Bundle | None, options: NetworkOptions, work: Work) -> Targets:
    """Return the labels, or where a teacher is asked, `teacher_share` of its answer and the rest the label's.

    What it answered is kept: whatever else is trained on these rows need not ask again.
    """
    labels = train.labels.astype(np.float32)
    if teacher is None:
        return labels
    asked = train.evenly(options.teacher_rows or len(train))
    answers = np.empty(len(asked), np.float32)
    ask = partial(_answers, teacher)
    with work.progress.step("teacher", len(asked)) as advance:
        for start in range(0, len(asked), _PIECE):
            texts = [train.texts[row] for row in asked[start : start + _PIECE]]
            answers[start : start + _PIECE] = kept_piece(texts, work.pieces, teacher.sha256, ask, ())
            advance(len(texts))
    agreed = (answers >= teacher.manifest.threshold) == train.labels[asked]
    work.report("teacher.asked", len(asked), 0)
    work.report("teacher.agreed_share", float(agreed.mean()), 0)
    labels[asked] += options.teacher_share * (answers - labels[asked])
    return labels


def _answers(teacher: Bundle, texts: Sequence[str]) -> Targets:
    """Ask on every core: a bundle answers each thread on one."""
    shares = (texts[start : start + _SHARE] for start in range(0, len(texts), _SHARE))
    with ThreadPoolExecutor(usable_cores()) as threads:
        return np.concatenate(list(threads.map(teacher.probabilities, shares)))
