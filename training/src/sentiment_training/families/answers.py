"""A file of answers: what some model, whichever and wherever it ran, said of texts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from sentiment_training.datasets.columns import reason_of
from sentiment_training.datasets.tables import csv_fault, csv_options
from sentiment_training.errors import OptionError
from sentiment_training.families.family import Work

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
    probability: npt.NDArray[np.float32]
    threshold: ClassVar[float] = 0.5

    def answers(self, texts: Sequence[str], work: Work) -> npt.NDArray[np.float32]:
        """Probability of *positive*, shape (n,); NaN for a text that is not in the file."""
        with work.progress.step("teacher"):
            place = pc.index_in(pa.array(texts, pa.large_string()), value_set=self.texts)
            # What is in no place is in the last one, behind them all.
            answers = np.append(self.probability, np.float32(np.nan))
            found: npt.NDArray[np.float32] = answers[pc.fill_null(place, len(self.probability)).to_numpy()]
        return found


def read_answers(path: Path) -> Answers:
    """Read a parquet or CSV file with columns `text` and `probability`, as `vigie score` writes it.

    A row whose probability is empty is no answer.

    Raises
    ------
    OptionError
        If it is neither, lacks a column, holds what is no probability, or no answer at all.
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
        otherwise = f"cannot be read as answers ({reason_of(fault)})"
        raise OptionError(str(csv_fault(shown, fault, otherwise))) from fault
    outside = pc.invert(pc.and_(pc.greater_equal(probability, 0), pc.less_equal(probability, 1)))
    if pc.any(outside).as_py():
        row = pc.index(outside, True).as_py()
        raise OptionError(
            f"{shown}: {_PROBABILITY} lies between 0 and 1, and row {row + 1:,} has {probability[row]}"
        )
    # Of a text in a language that it does not know, a version says nothing.
    answered = pc.and_(probability.is_valid(), table[_TEXT].is_valid())
    if not pc.any(answered).as_py():
        raise OptionError(f"{shown} holds no answer")
    texts = table[_TEXT].cast(pa.large_string()).filter(answered)
    probability = probability.filter(answered).to_numpy().astype(np.float32)
    return Answers(sha256, texts.combine_chunks(), probability)


def _parquet(path: Path, shown: str) -> pa.Table:
    with pyarrow.parquet.ParquetFile(path) as file:
        _require_columns(file.schema_arrow.names, shown)
        return file.read(columns=[_TEXT, _PROBABILITY])


def _csv(path: Path, shown: str) -> pa.Table:
    table = pyarrow.csv.read_csv(
        path,
        read_options=csv_options(),
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
