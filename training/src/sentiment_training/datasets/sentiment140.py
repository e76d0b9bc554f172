"""Reads Sentiment140 as it is published: latin-1, no header, six columns; or the zip that holds it.

Go, Bhayani and Huang 2009, "Twitter sentiment classification using distant supervision".
"""

import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow.compute as pc

from sentiment_training.datasets.columns import SENTIMENT140_LABELS, rows_of
from sentiment_training.datasets.dataset import Column
from sentiment_training.datasets.rows import Rows
from sentiment_training.datasets.tables import read_csv
from sentiment_training.errors import DatasetNotFoundError, UnreadableFileError

COLUMNS = ["target", "ids", "date", "flag", "user", "text"]


def is_sentiment140(first_row: list[str]) -> bool:
    """Whether a headless first row looks like Sentiment140."""
    return len(first_row) == len(COLUMNS) and first_row[0].strip() in SENTIMENT140_LABELS


def load_sentiment140(path: Path, name: str) -> Rows:
    """Read the CSV.

    The split goes by `user`; `ids` grow with time and stand for it. `date` names a zone by letters that are
    not unique, and all rows have the same: the time is taken without it.
    """
    with path.open("rb") as file:
        return _load(file, path.name, name)


def load_sentiment140_zip(path: Path, member: str | None, name: str) -> Rows:
    """Read one CSV of the zip.

    Parameters
    ----------
    member
        A part of the member's name; None takes the only CSV, or the one with *training* in its name.

    Raises
    ------
    UnreadableFileError
        If the zip is damaged.
    DatasetNotFoundError
        If no member, or more than one, has such a name.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            chosen = _chosen(
                path.name, [each for each in archive.namelist() if each.endswith(".csv")], member
            )
            with archive.open(chosen) as file:
                return _load(cast("BinaryIO", file), f"{path.name}:{chosen}", name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as fault:
        raise UnreadableFileError(
            f"{path.name}: the zip is damaged or cut short ({fault}); download it again"
        ) from fault


def _load(file: BinaryIO, shown: str, name: str) -> Rows:
    table = read_csv(
        file, shown, ["target", "ids", "date", "user", "text"], column_names=COLUMNS, encoding="latin-1"
    )
    return rows_of(
        name,
        table["text"],
        table["target"],
        labels=SENTIMENT140_LABELS,
        user=table["user"],
        time=_times(table["date"]),
        order=table["ids"],
    )


def _times(dates: Column) -> Column:
    """Read ``Mon Apr 06 22:19:45 PDT 2009``; null where it is written otherwise."""
    local = pc.replace_substring_regex(dates, r" [A-Z]{3,4} (\d{4})$", r" \1")
    return pc.strptime(local, "%a %b %d %H:%M:%S %Y", unit="us", error_is_null=True)


def _chosen(shown: str, members: list[str], part: str | None) -> str:
    matching = [member for member in members if (part or "") in member]
    if part is None and len(matching) > 1:
        matching = [member for member in members if "training" in member]
    if len(matching) != 1:
        raise DatasetNotFoundError(
            f"{shown}: {len(matching)} CSV files match {part or 'training'!r}; it holds "
            f"{', '.join(members) or 'none'}; choose one with {shown}:PART-OF-ITS-NAME"
        )
    return matching[0]
