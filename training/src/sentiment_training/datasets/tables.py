"""Reads parquet and CSV files with `text` and `label` columns."""

import csv
import io
import textwrap
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from sentiment_training.datasets.columns import printable, reason_of, rows_of
from sentiment_training.datasets.dataset import Column, ReadOption, Table
from sentiment_training.datasets.rows import Rows
from sentiment_training.errors import (
    DatasetNotFoundError,
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

# How a file begins.
PARQUET = b"PAR1"
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_WORKBOOK = "an Excel workbook", "save it as CSV UTF-8"
_NOT_READ = (
    (b"\x1f\x8b", "gzip", "unpack it first (`gunzip`)"),
    (b"\xff\xfe", "UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16", "save it as UTF-8"),
    (b"\xd0\xcf\x11\xe0", *_WORKBOOK),
)

_SHOWN = 200  # characters of columns' names in a message

# A row of a CSV ends within one; and what pyarrow says where it does not.
BLOCK_BYTES = 4 * 2**20
_TOO_LONG = "straddling object"


def first_bytes(path: Path, shown: str, instead: str) -> bytes:
    """Give the first four bytes of a file that may be a table.

    Parameters
    ----------
    shown
        What messages call it.
    instead
        What to give where there is no such file.

    Raises
    ------
    DatasetNotFoundError
        If there is no such file.
    EmptyDatasetError
        If it is empty.
    UnreadableFileError
        If it is a pipe or a folder, may not be opened, or is of a kind that is not read; says what to do.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UnreadableFileError(
            f"{shown}: is no ordinary file, and it is read more than once; write what a pipe gives to a "
            "file first"
        )
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except FileNotFoundError as fault:
        raise DatasetNotFoundError(f"{shown}: no such file; give {instead}") from fault
    except OSError as fault:
        raise UnreadableFileError(f"{shown}: cannot be read ({fault.strerror}); give a file") from fault
    if not head:
        raise EmptyDatasetError(f"{shown}: the file is empty; write or download it again")
    for begins, kind, remedy in _NOT_READ:
        if head.startswith(begins):
            raise UnreadableFileError(f"{path.name}: {kind} is not read; {remedy}")
    if head.startswith(ZIP) and _is_workbook(path):
        raise UnreadableFileError("{}: {} is not read; {}".format(path.name, *_WORKBOOK))
    return head


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(member.startswith("xl/workbook.") for member in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        # A zip, but none that can be looked into; who reads zips says why.
        return False


def first_row(file: BinaryIO, shown: str) -> list[str]:
    """Read the cells of a CSV's first row, whatever its encoding; bytes that are no UTF-8 become U+FFFD.

    Raises
    ------
    UnreadableFileError
        If it holds what no CSV does.
    """
    head = file.read(1 << 16).decode("utf-8-sig", "replace")
    if "\0" in head:
        raise UnreadableFileError(f"{shown}: neither parquet, CSV nor zip; give one of those")
    try:
        return next((row for row in csv.reader(io.StringIO(head, newline="")) if row), [])
    except csv.Error as fault:
        raise UnreadableFileError(f"{shown}: not a CSV ({fault}); give a CSV with a header") from fault


def csv_options(**read: ReadOption) -> pyarrow.csv.ReadOptions:
    """Give the options by which CSVs are read: without threads, pyarrow says which row is at fault."""
    return pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False, **read)


def csv_fault(shown: str, fault: pa.ArrowInvalid, otherwise: str | None = None) -> UnreadableFileError:
    """Make the error of a CSV that pyarrow cannot read; `otherwise` is what to say but of an endless row."""
    if _TOO_LONG not in str(fault):
        usual = f"not a CSV ({reason_of(fault)}); quote texts that hold commas, quotes or line breaks"
        return UnreadableFileError(f"{shown}: {otherwise or usual}")
    return UnreadableFileError(
        f"{shown}: a text begins with a quote that is not closed, or is longer than "
        f"{BLOCK_BYTES / 2**20:.0f} MB; close it, or shorten the text"
    )


def parquet_fault(shown: str, fault: Exception) -> UnreadableFileError:
    """Make the error of a parquet file that pyarrow cannot read."""
    return UnreadableFileError(
        f"{shown}: not a whole parquet file ({reason_of(fault)}); write or download it again"
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
        raise parquet_fault(path.name, fault) from fault
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
            read_options=csv_options(**read),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=columns,
                column_types=dict.fromkeys(columns, pa.large_string()),
                # A tweet may be the word "null".
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as fault:
        raise csv_fault(shown, fault) from fault
    if table.num_rows == 0:
        raise EmptyDatasetError(f"{shown}: holds a header and no row; give a file with labelled texts")
    return table


def require_columns(shown: str, found: list[str], label: Sequence[str] = LABEL) -> None:
    """Raise MissingColumnsError unless `text` and one of the columns `label` are among those found.

    Where `label` is empty, only `text` must be there.
    """
    names = [column.strip().lower() for column in found]
    wanted_columns = {"text": ("text",), **({"label": label} if label else {})}
    if missing := [column for column, any_of in wanted_columns.items() if not set(any_of) & set(names)]:
        wanted = f"{shown}: no column {' and no column '.join(missing)}"
        for sign, name in (("\t", "tabs"), (";", "semicolons")):
            if len(found) == 1 and sign in found[0]:
                raise MissingColumnsError(f"{wanted}: its cells are parted by {name}; save it with commas")
        if found and found[0].lstrip()[:1] in {"{", "["}:
            raise MissingColumnsError(f"{wanted}: JSON is not read; save it as CSV or parquet")
        names_found = textwrap.shorten(printable(", ".join(found)), _SHOWN, placeholder=" …") or "none"
        remedy = "rename the column with the tweet to text"
        if label:
            remedy += " and the one with 0/1 or negative/positive to label"
        raise MissingColumnsError(f"{wanted}; found {names_found}; {remedy}")


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
            f"{path.name}: line {line:,} is not UTF-8; save the file as UTF-8 (`iconv -f cp1252 -t utf-8`)"
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
