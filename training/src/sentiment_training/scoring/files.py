"""Reads large tables piece by piece and writes them whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from sentiment_training.datasets.columns import printable
from sentiment_training.datasets.tables import (
    PARQUET,
    ZIP,
    csv_fault,
    csv_options,
    first_bytes,
    first_row,
    parquet_fault,
    require_columns,
    require_utf8,
)
from sentiment_training.errors import OptionError, UnreadableFileError
from sentiment_training.files import whole

TEXT, LABEL, PROBABILITY = "text", "prediction", "probability"
ROWS_AT_ONCE = 8192
_FORMATS = (".parquet", ".csv")


@dataclass(frozen=True)
class Source:
    """A table on disk.

    Attributes
    ----------
    schema
        Of all its columns.
    text
        The column with the texts.
    units
        What its size is counted in for progress: rows of a parquet file, bytes of a CSV.
    """

    path: Path
    schema: pa.Schema
    text: str
    units: int


def open_source(path: Path) -> Source:
    """Look at a file: which columns it has, how large it is.

    Raises
    ------
    DatasetError
        If it is absent, neither parquet nor UTF-8 CSV, or without one column `text`, as `vigie train` finds
        it; if a column has a name that the answers need, or that another one has.
    """
    head = first_bytes(path, str(path), "a parquet or CSV file")
    if head.startswith(ZIP):
        raise UnreadableFileError(f"{path.name}: no zip is scored; unpack it and give the file")
    with _readable(path):
        if head == PARQUET:
            with pyarrow.parquet.ParquetFile(path) as file:
                schema, units = file.schema_arrow, file.metadata.num_rows
        else:
            _require_csv(path)
            with _csv_of(str(path), []) as reader:
                schema, units = reader.schema, path.stat().st_size
    names = schema.names
    require_columns(path.name, names, label=())
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UnreadableFileError(f"{path.name}: column {printable(twice)} occurs twice; keep one")
    texts = [name for name in names if name.strip().lower() == TEXT]
    if len(texts) > 1:
        raise UnreadableFileError(
            f"{path.name}: columns {printable(' and '.join(texts))} may both be the text; keep one"
        )
    kind = schema.field(texts[0]).type
    spelled = kind.value_type if pa.types.is_dictionary(kind) else kind
    if head == PARQUET and not (pa.types.is_string(spelled) or pa.types.is_large_string(spelled)):
        raise UnreadableFileError(f"{path.name}: the column {printable(texts[0])} holds {kind}, not text")
    if taken := {LABEL, PROBABILITY} & set(names):
        raise OptionError(
            f"{path.name} has a column {min(taken)} already, where the answers go; rename it first"
        )
    if head != PARQUET:
        schema = pa.schema([(name, pa.string()) for name in names])
    return Source(path, schema, texts[0], units)


def read(source: Source, advance: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    """Give the rows in order, at most 8192 at once, each column as it is; tell what was read."""
    with _readable(source.path):
        if _is_parquet(source.path):
            with pyarrow.parquet.ParquetFile(source.path) as file:
                for batch in file.iter_batches(ROWS_AT_ONCE):
                    yield batch
                    advance(batch.num_rows)
            return
        with source.path.open("rb") as raw, _csv_of(raw, source.schema.names) as reader:
            told = 0
            for block in reader:
                for start in range(0, block.num_rows, ROWS_AT_ONCE):
                    yield block.slice(start, ROWS_AT_ONCE)
                told, before = min(raw.tell(), source.units), told
                advance(told - before)


@contextmanager
def written(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Write a table; the file is there when all of it is, and only then."""
    kind = pyarrow.csv.CSVWriter if path.suffix == ".csv" else pyarrow.parquet.ParquetWriter
    with whole(path) as file, kind(file, schema) as writer:
        yield writer.write_batch


def check_out(path: Path, *, option: str = "--out") -> None:
    """Raise OptionError, which names the option, if no table can be written there."""
    if path.suffix not in _FORMATS:
        raise OptionError(f"{option} {path}: give it the suffix {' or '.join(_FORMATS)}")


def check_columns(path: Path, source: Source, *, option: str = "--out") -> None:
    """Raise OptionError, which names the option, if the table's columns cannot be written there."""
    nested = next((each for each in source.schema if pa.types.is_nested(each.type)), None)
    if path.suffix == ".csv" and nested is not None:
        raise OptionError(
            f"{option} {path}: the column {nested.name} holds {nested.type}, which no CSV can; give it the "
            "suffix .parquet"
        )


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == PARQUET


def _require_csv(path: Path) -> None:
    """Say of a file what is wrong with it in the words of `vigie train`, before pyarrow does in its own."""
    with path.open("rb") as file:
        require_columns(path.name, first_row(file, path.name), label=())
    # All of it: scoring may take hours until it comes to the line.
    require_utf8(path)


def _csv_of(file: object, texts: list[str]) -> pyarrow.csv.CSVStreamingReader:
    """Open a CSV; the columns named are taken as they stand, whatever they look like."""
    return pyarrow.csv.open_csv(
        file,
        read_options=csv_options(),
        # Of one column, an empty line is a row.
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(texts) != 1),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: pa.string() for name in texts}, strings_can_be_null=False
        ),
    )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    parquet = _is_parquet(path)
    try:
        yield
    except pa.ArrowInvalid as fault:
        raise (parquet_fault if parquet else csv_fault)(path.name, fault) from fault
    except OSError as fault:
        # Of a damaged page of a parquet file.
        if not parquet:
            raise
        raise parquet_fault(path.name, fault) from fault
