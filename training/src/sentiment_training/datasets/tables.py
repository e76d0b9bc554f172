"""Reads parquet and CSV files with `text` and `label` columns."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from sentiment_training.datasets.columns import rows_of
from sentiment_training.datasets.dataset import Column, ReadOption, Table
from sentiment_training.datasets.rows import Rows
from sentiment_training.errors import (
    EmptyDatasetError,
    MissingColumnsError,
    NotUtf8Error,
    UnreadableFileError,
)

# What may hold each thing besides the two columns that must be there, the first found wins.
USER = ("user", "user_hash")
TIME = ("date", "created")
ORDER = ("order", "id")
DUPLICATE, CONTRADICTORY = ("dup",), ("conflict",)
LANGUAGE = ("lang", "language")
WANTED = {"text", *USER, *TIME, *ORDER, *DUPLICATE, *CONTRADICTORY, *LANGUAGE}
LABEL = ("label",)
PREDICTION = ("label", "prediction")
"""Where labels are in a table that a model may have labelled: the second is what `vigie score` writes."""

_SHOWN = 200  # characters of columns' names in a message

# A row of a CSV ends within one; and what pyarrow says where it does not.
BLOCK_BYTES = 4 * 2**20
_TOO_LONG = "straddling object"


def csv_fault(shown: str, fault: pa.ArrowInvalid, otherwise: str) -> UnreadableFileError:
    """Make the error of a CSV that pyarrow cannot read; `otherwise` is what to say but of an endless row."""
    if _TOO_LONG not in str(fault):
        return UnreadableFileError(f"{shown}: {otherwise}")
    return UnreadableFileError(
        f"{shown}: a text begins with a quote that is not closed, or is longer than "
        f"{BLOCK_BYTES / 2**20:.0f} MB; close it, or shorten the text"
    )


def load_parquet(path: Path, name: str, label: Sequence[str] = LABEL) -> Rows:
    """Read a parquet file, whose labels are in the first of the columns `label` that it has.

    Raises
    ------
    UnreadableFileError
        If it is damaged.
    DatasetError
        If its columns or rows cannot be used.
    """
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            found = file.schema_arrow.names
            require_columns(path.name, found, label)
            wanted = WANTED.union(label)
            table = file.read(columns=[column for column in found if column.strip().lower() in wanted])
        table.validate(full=True)
    except (pa.ArrowInvalid, OSError) as fault:
        raise UnreadableFileError(
            f"{path.name}: not a whole parquet file ({_first_line(fault)}); write or download it again"
        ) from fault
    return _from_table(table, name, label)


def load_csv(path: Path, name: str, found: list[str], label: Sequence[str] = LABEL) -> Rows:
    """Read a UTF-8 CSV file whose header, already read, is `found`; `label` as for `load_parquet`.

    Raises
    ------
    NotUtf8Error
        If it holds other bytes; names the line.
    UnreadableFileError
        If its rows are not all as long as its header.
    DatasetError
        If its columns or rows cannot be used.
    """
    require_columns(path.name, found, label)
    wanted = [column for column in found if column.strip().lower() in WANTED.union(label)]
    if duplicate := {column for column in wanted if wanted.count(column) > 1}:
        raise UnreadableFileError(f"{path.name}: column {', '.join(duplicate)} occurs twice; keep one")
    require_utf8(path)
    with path.open("rb") as file:
        table = read_csv(file, path.name, wanted)
    return _from_table(table, name, label)


def read_csv(file: BinaryIO, shown: str, columns: list[str], **read: ReadOption) -> Table:
    """Read some columns of an open CSV as strings; `read` are pyarrow's own read options.

    Raises
    ------
    UnreadableFileError
        If a row has another number of cells than the first.
    EmptyDatasetError
        If there is no row.
    """
    try:
        table = pyarrow.csv.read_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES, **read),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=columns,
                column_types=dict.fromkeys(columns, pa.large_string()),
                # A tweet may be the word "null".
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as fault:
        otherwise = f"not a CSV ({_first_line(fault)}); quote texts that hold commas, quotes or line breaks"
        raise csv_fault(shown, fault, otherwise) from fault
    if table.num_rows == 0:
        raise EmptyDatasetError(f"{shown}: holds a header and no row; give a file with labelled texts")
    return table


def require_columns(shown: str, found: list[str], label: Sequence[str] = LABEL) -> None:
    """Raise MissingColumnsError unless `text` and one of the columns `label` are among those found."""
    names = [column.strip().lower() for column in found]
    wanted_columns = {"text": ("text",), "label": label}
    if missing := [column for column, any_of in wanted_columns.items() if not set(any_of) & set(names)]:
        wanted = f"{shown}: no column {' and no column '.join(missing)}"
        for sign, name in (("\t", "tabs"), (";", "semicolons")):
            if len(found) == 1 and sign in found[0]:
                raise MissingColumnsError(f"{wanted}: its cells are parted by {name}; save it with commas")
        if found and found[0].lstrip()[:1] in {"{", "["}:
            raise MissingColumnsError(f"{wanted}: JSON is not read; save it as CSV or parquet")
        names_found = textwrap.shorten(", ".join(found), _SHOWN, placeholder=" …") or "none"
        raise MissingColumnsError(
            f"{wanted}; found {names_found}; rename the column with the tweet to text and the one with 0/1 "
            "or negative/positive to label"
        )


def require_utf8(path: Path, chunk_bytes: int = 1 << 22) -> None:
    """Raise NotUtf8Error naming the first line that is not UTF-8."""
    line = 1
    with path.open("rb") as file:
        rest = b""
        while chunk := file.read(chunk_bytes):
            block = rest + chunk
            # Cut after a line break: no character of UTF-8 holds that byte inside.
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            line += _newlines_of_utf8(path, block[:end], line)
        _newlines_of_utf8(path, rest, line)


def _newlines_of_utf8(path: Path, block: bytes, line: int) -> int:
    try:
        block.decode()
    except UnicodeDecodeError as fault:
        line += block.count(b"\n", 0, fault.start)
        raise NotUtf8Error(
            f"{path.name}: line {line:,} is not UTF-8; save the file as "
            "UTF-8 (`iconv -f latin1 -t utf-8`); only Sentiment140's own six columns are read as latin-1"
        ) from fault
    return block.count(b"\n")


def _from_table(table: Table, name: str, label: Sequence[str]) -> Rows:
    columns = {column.strip().lower(): table[column] for column in table.column_names}

    def first(names: Sequence[str]) -> Column | None:
        return next((columns[column] for column in names if column in columns), None)

    return rows_of(
        name,
        columns["text"],
        first(label),
        user=first(USER),
        time=first(TIME),
        order=first(ORDER),
        duplicate=first(DUPLICATE),
        contradictory=first(CONTRADICTORY),
        language=first(LANGUAGE),
    )


def _first_line(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0].rstrip(".")
