"""Scores a file: one way to read, to score in order and to write, whatever does the work."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from sentiment import Bundle
from sentiment_training.progress import Progress
from sentiment_training.scoring.files import LABEL, PROBABILITY, TEXT, open_source, read, written

Answers = tuple[Sequence[str], Sequence[float]]
"""Label and probability of *positive* of each text, in order."""


class Engine(Protocol):
    """What scores pieces of a file, many at once if it can, and answers in their order."""

    def __call__(self, pieces: Iterable[list[str]]) -> Iterator[Answers]:
        """Score each piece; takes no more of them than it works at."""
        ...


@contextmanager
def local_engine(bundle: Bundle) -> Iterator[Engine]:
    """Score in this process."""

    def score(pieces: Iterable[list[str]]) -> Iterator[Answers]:
        for texts in pieces:
            answers = bundle.predict(texts)
            yield [each.label for each in answers], [each.probability for each in answers]

    yield score


def score_file(source: Path, out: Path, engine: AbstractContextManager[Engine], progress: Progress) -> int:
    """Add columns `prediction` and `probability` to a table, the rows in their order.

    A row without text has neither.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    DatasetError, OptionError
        If the file cannot be scored.
    OSError
        If the disk is full; nothing is left then.
    """
    table = open_source(source)
    kept: list[pa.RecordBatch] = []
    rows = 0
    with engine as score, progress.step("score", table.units) as advance:
        pieces = _pieces(read(table, advance), kept)
        batches = _joined(score(pieces), kept)
        first = next(batches, None)
        if first is None:
            empty = pa.RecordBatch.from_pylist([], schema=table.schema)
            first = _with_answers(empty, [], [])
        with written(out, first.schema) as write:
            while first is not None:
                write(first)
                rows += first.num_rows
                first = next(batches, None)
    return rows


def _pieces(batches: Iterable[pa.RecordBatch], kept: list[pa.RecordBatch]) -> Iterator[list[str]]:
    for batch in batches:
        kept.append(batch)
        yield [text for text in batch.column(TEXT).to_pylist() if text is not None]


def _joined(answers: Iterable[Answers], kept: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for labels, probabilities in answers:
        yield _with_answers(kept.pop(0), labels, probabilities)


def _with_answers(
    batch: pa.RecordBatch, labels: Sequence[str], probabilities: Sequence[float]
) -> pa.RecordBatch:
    has_text = batch.column(TEXT).is_valid().to_pylist()
    return batch.append_column(LABEL, _spread(labels, has_text, pa.string())).append_column(
        PROBABILITY, _spread(probabilities, has_text, pa.float64())
    )


def _spread(values: Sequence[str] | Sequence[float], has_text: list[bool], kind: pa.DataType) -> pa.Array:
    given = iter(values)
    return pa.array([next(given) if each else None for each in has_text], kind)
