"""Scores a file: one way to read, to score in order and to write, whatever does the work."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from sentiment import Bundle, ForeignText
from sentiment_training.progress import Progress
from sentiment_training.scoring.files import (
    LABEL,
    PROBABILITY,
    Source,
    check_columns,
    open_source,
    read,
    written,
)

Answers = tuple[Sequence[str | None], Sequence[float | None]]
"""Label and probability of *positive* of each text, in order; None where its language is not known."""


@dataclass(frozen=True)
class Scored:
    """What was scored.

    Attributes
    ----------
    rows
        Of the file.
    without_text
        Of these, those with nothing to read.
    foreign
        Those in a language that the version does not know.
    """

    rows: int = 0
    without_text: int = 0
    foreign: int = 0

    def __add__(self, other: "Scored") -> "Scored":
        return Scored(
            self.rows + other.rows, self.without_text + other.without_text, self.foreign + other.foreign
        )

    def unanswered(self) -> str:
        """Say how many rows have no answer, and why; empty where all have one."""
        unanswered = {
            "without text": self.without_text,
            "in a language that it does not know": self.foreign,
        }
        return " and ".join(f"{n:,} {why}" for why, n in unanswered.items() if n)


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
            answers = [None if isinstance(each, ForeignText) else each for each in bundle.read(texts)]
            yield (
                [each.label if each else None for each in answers],
                [each.probability if each else None for each in answers],
            )

    yield score


def score_file(source: Path, out: Path, engine: AbstractContextManager[Engine], progress: Progress) -> Scored:
    """Add columns `prediction` and `probability` to a table, the rows in their order.

    A row has neither if it has no text, or one in a language that the version does not know.

    Raises
    ------
    DatasetError, OptionError
        If the file cannot be scored.
    OSError
        If the disk is full; nothing is left then.
    """
    table = open_source(source)
    check_columns(out, table)
    kept: list[_Piece] = []
    scored = Scored()
    with engine as score, progress.step("score", table.units) as advance:
        pieces = _pieces(table, read(table, advance), kept)
        batches = _joined(score(pieces), kept)
        first = next(batches, None)
        if first is None:
            empty = pa.RecordBatch.from_pylist([], schema=table.schema)
            first = _with_answers(_Piece(empty, []), [], [])
        with written(out, first[0].schema) as write:
            for batch, counts in chain([first], batches):
                write(batch)
                scored += counts
    return scored


@dataclass(frozen=True)
class _Piece:
    batch: pa.RecordBatch
    has_text: Sequence[bool]


def _pieces(table: Source, batches: Iterable[pa.RecordBatch], kept: list[_Piece]) -> Iterator[list[str]]:
    for batch in batches:
        texts = [text or "" for text in batch.column(table.text).cast(pa.large_string()).to_pylist()]
        kept.append(_Piece(batch, [bool(text.strip()) for text in texts]))
        yield [text for text in texts if text.strip()]


def _joined(answers: Iterable[Answers], kept: list[_Piece]) -> Iterator[tuple[pa.RecordBatch, Scored]]:
    for labels, probabilities in answers:
        yield _with_answers(kept.pop(0), labels, probabilities)


def _with_answers(
    piece: _Piece, labels: Sequence[str | None], probabilities: Sequence[float | None]
) -> tuple[pa.RecordBatch, Scored]:
    batch = piece.batch.append_column(LABEL, _spread(labels, piece.has_text, pa.string()))
    batch = batch.append_column(PROBABILITY, _spread(probabilities, piece.has_text, pa.float64()))
    foreign = sum(label is None for label in labels)
    return batch, Scored(batch.num_rows, piece.has_text.count(False), foreign)


def _spread(
    values: Sequence[str | None] | Sequence[float | None], has_text: Sequence[bool], kind: pa.DataType
) -> pa.Array:
    given = iter(values)
    return pa.array([next(given) if each else None for each in has_text], kind)
