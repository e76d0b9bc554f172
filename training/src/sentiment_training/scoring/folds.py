"""Tables of texts for `vigie crossfit` to answer, and what it answered."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from sentiment.manifest import LABELS
from sentiment_training.crossfit import ALL_FOLDS, Asked, CrossFitted, shown_fold
from sentiment_training.errors import BadValueError, OptionError
from sentiment_training.metrics import FloatArray
from sentiment_training.scoring.files import PROBABILITY, TEXT, Source, open_source, read, written
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
    column = _fold_column(source)
    numbers = {shown_fold(fold, folds): fold for fold in range(folds)} | {"": ALL_FOLDS}
    texts, of = [], []
    for batch in read(source, lambda _n: None):
        said = batch.column(source.text).cast(pa.large_string()).to_pylist()
        parted = batch.column(column).cast(pa.large_string()).to_pylist() if column else [""] * len(said)
        for text, fold in zip(said, parted, strict=True):
            if (fold or "") not in numbers:
                raise OptionError(
                    f"{path.name}: {fold!r} is no fold of {folds}, as 1/{folds} is; give --folds as `vigie "
                    f"vary` was given it, or rename the column {column} if it means something else"
                )
            if (text or "").strip():
                texts.append(text)
                of.append(numbers[fold or ""])
    return Asked(texts, np.array(of, np.int64))


@contextmanager
def answered(asked: Asked, probability: FloatArray, name: str) -> Iterator[Engine]:
    """Give the answers that are there already to whoever reads the same texts again.

    Parameters
    ----------
    name
        Of the file that they were read from.

    Yields
    ------
    Engine
        It raises BadValueError where the texts are others by now.
    """

    changed = f"{name} has changed since it was read; call the command again"

    def score(pieces: Iterable[list[str]]) -> Iterator[Answers]:
        start = 0
        for texts in pieces:
            end = start + len(texts)
            if texts != list(asked.texts[start:end]):
                raise BadValueError(changed)
            of = probability[start:end]
            yield [LABELS[int(each >= 0.5)] for each in of], of.tolist()  # noqa: PLR2004 - the middle
            start = end
        if start != len(asked.texts):
            raise BadValueError(changed)

    yield score


def write_answers(path: Path, found: CrossFitted, folds: int) -> None:
    """Write a row a tweet that was learned: its data set, label and fold, and the answer from outside it."""
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


def _fold_column(source: Source) -> str | None:
    """Find the column with the folds, as `open_source` finds the one with the texts."""
    columns: list[str] = [name for name in source.schema.names if name.strip().lower() == FOLD]
    if len(columns) > 1:
        raise OptionError(
            f"{source.path.name}: columns {' and '.join(columns)} may both be the fold; keep one"
        )
    for name in columns:
        kind = source.schema.field(name).type
        spelled = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_string(spelled) or pa.types.is_large_string(spelled)):
            raise OptionError(
                f"{source.path.name}: the column {name} holds {kind}, where `vigie vary` writes 1/4; rename "
                "it if it means something else"
            )
        return name
    return None
