"""Tables of texts for `vigie crossfit` to answer, and what it answered."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from sentiment.manifest import LABELS
from sentiment_training.crossfit import ALL_FOLDS, Asked, CrossFitted, shown_fold
from sentiment_training.errors import OptionError
from sentiment_training.metrics import FloatArray
from sentiment_training.scoring.files import PROBABILITY, TEXT, open_source, read, written
from sentiment_training.scoring.scoring import Answers, Engine

FOLD = "fold"
_DATA, _LABEL = "data", "label"


def read_asked(path: Path, folds: int) -> Asked:
    """Read the texts of a table, and from its column `fold` (1/4 is the first of four) whose each is.

    A text of no fold is all models'; rows without a text are left out.

    Raises
    ------
    DatasetError
        If it cannot be read.
    OptionError
        If a fold is none of so many.
    """
    source = open_source(path)
    numbers = {shown_fold(fold, folds): fold for fold in range(folds)} | {"": ALL_FOLDS}
    texts, of = [], []
    for batch in read(source, lambda _n: None):
        column = batch.column(source.text).cast(pa.large_string()).to_pylist()
        parted = batch.column(FOLD).cast(pa.string()).to_pylist() if FOLD in batch.schema.names else []
        for text, fold in zip(column, parted or [""] * len(column), strict=True):
            if (fold or "") not in numbers:
                raise OptionError(
                    f"{path.name}: {fold!r} is no fold of {folds}, as 1/{folds} is; give --folds as `vigie "
                    "vary` was given it"
                )
            if (text or "").strip():
                texts.append(text)
                of.append(numbers[fold or ""])
    return Asked(texts, np.array(of, np.int64))


@contextmanager
def answered(probability: FloatArray) -> Iterator[Engine]:
    """Give answers that are there already, in their order, to whoever asks for texts' in that order."""

    def score(pieces: Iterable[list[str]]) -> Iterator[Answers]:
        start = 0
        for texts in pieces:
            of = probability[start : start + len(texts)]
            yield [LABELS[int(each >= 0.5)] for each in of], of.tolist()  # noqa: PLR2004 - the middle
            start += len(texts)

    yield score


def write_answers(path: Path, found: CrossFitted) -> None:
    """Write a row a tweet that was learned: its data set, label and fold, and the answer from outside it."""
    folds = int(found.folds.max()) + 1
    columns = {
        TEXT: pa.array(found.learned.texts, pa.string()),
        _DATA: pa.array([found.learned.names[each] for each in found.learned.domains], pa.string()),
        _LABEL: pa.array([LABELS[int(each)] for each in found.learned.labels], pa.string()),
        FOLD: pa.array([shown_fold(int(each), folds) for each in found.folds], pa.string()),
        PROBABILITY: pa.array(found.probability, pa.float64()),
    }
    batch = pa.record_batch(columns)
    with written(path, batch.schema) as write:
        write(batch)
