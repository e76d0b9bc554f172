"""A file of answers: what some model, whichever and wherever it ran, said of texts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from sentiment_training.errors import OptionError
from sentiment_training.families.family import FloatArray, Work

_TEXT, _PROBABILITY = "text", "probability"


@dataclass(frozen=True)
class Answers:
    """Texts, and the probability of *positive* that each was given; of a text that is there twice, the first.

    Attributes
    ----------
    sha256
        Of the file.
    texts
        Shape (n,).
    probability
        Shape (n,), each in [0, 1].
    """

    sha256: str
    texts: pa.LargeStringArray
    probability: FloatArray
    threshold: ClassVar[float] = 0.5

    def answers(self, texts: Sequence[str], work: Work) -> FloatArray:
        """Probability of *positive*, shape (n,); NaN for a text that is not in the file."""
        with work.progress.step("teacher"):
            place = pc.index_in(pa.array(texts, pa.large_string()), value_set=self.texts)
            found: FloatArray = np.append(self.probability, np.nan)[
                pc.fill_null(place, len(self.probability)).to_numpy()
            ]
        return found


def read_answers(path: Path) -> Answers:
    """Read a parquet or CSV file with columns `text` and `probability`, as `vigie score` writes it.

    Raises
    ------
    OptionError
        If it is neither, lacks a column, or holds what is no probability.
    """
    shown = f"teacher={path}"
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        is_parquet = file.read(4) == b"PAR1"
    try:
        table = _parquet(path, shown) if is_parquet else _csv(path, shown)
        probability = table[_PROBABILITY].cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
        first = str(fault).strip().splitlines()[0]
        raise OptionError(f"{shown} cannot be read as answers ({first})") from fault
    inside = pc.fill_null(pc.and_(pc.greater_equal(probability, 0), pc.less_equal(probability, 1)), False)
    if not table.num_rows or not pc.all(inside).as_py():
        row = pc.index(inside, False).as_py() + 1
        what = f"row {row:,} has {probability[row - 1]}" if table.num_rows else "there is no row"
        raise OptionError(f"{shown}: {_PROBABILITY} must lie between 0 and 1 in every row, and {what}")
    texts = table[_TEXT].cast(pa.large_string()).combine_chunks()
    return Answers(sha256, pc.fill_null(texts, ""), probability.to_numpy())


def _parquet(path: Path, shown: str) -> pa.Table:
    with pyarrow.parquet.ParquetFile(path) as file:
        _require_columns(file.schema_arrow.names, shown)
        return file.read(columns=[_TEXT, _PROBABILITY])


def _csv(path: Path, shown: str) -> pa.Table:
    table = pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={_TEXT: pa.large_string(), _PROBABILITY: pa.float64()}, strings_can_be_null=False
        ),
    )
    _require_columns(table.column_names, shown)
    return table


def _require_columns(found: Sequence[str], shown: str) -> None:
    if missing := [name for name in (_TEXT, _PROBABILITY) if name not in found]:
        raise OptionError(
            f"{shown}: no column {' and no column '.join(missing)}; a file of answers has both, as `vigie "
            "score` writes it"
        )
