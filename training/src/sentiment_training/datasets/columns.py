"""Turns raw columns, whatever their types, into rows."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sentiment_training.datasets.dataset import Column
from sentiment_training.datasets.rows import NEGATIVE, NEUTRAL, POSITIVE, LabelArray, Rows
from sentiment_training.errors import BadValueError

LABELS = {
    "0": NEGATIVE,
    "0.0": NEGATIVE,
    "neg": NEGATIVE,
    "negative": NEGATIVE,
    "false": NEGATIVE,
    "1": POSITIVE,
    "1.0": POSITIVE,
    "pos": POSITIVE,
    "positive": POSITIVE,
    "true": POSITIVE,
    "": NEUTRAL,
    "nan": NEUTRAL,
    "neutral": NEUTRAL,
}
# What pyarrow says of a row with too many or too few cells, before it quotes it.
_RAGGED = re.compile(r"(.*Expected \d+ columns, got \d+): ")
# Sentiment140's own: 0 negative, 2 neutral, 4 positive.
SENTIMENT140_LABELS = {"0": NEGATIVE, "2": NEUTRAL, "4": POSITIVE}


def rows_of(
    name: str,
    text: Column,
    label: Column,
    *,
    labels: dict[str, int] = LABELS,
    user: Column | None = None,
    time: Column | None = None,
    order: Column | None = None,
    duplicate: Column | None = None,
    contradictory: Column | None = None,
    language: Column | None = None,
) -> Rows:
    """Read rows from columns of equal length.

    Parameters
    ----------
    text, label
        Any type that has a textual form; null labels count as neutral, null texts as empty.
    labels
        What each spelling of a label means, in lower case.
    user
        Only equality matters: a number is kept, never the name.
    time
        Timestamps, or ISO 8601 strings; null or blank where a row has none.
    order
        Whole numbers that grow with time; ignored unless each row has one.
    duplicate, contradictory
        Rows that the file itself marks as such.
    language
        What each text is in; any spelling.

    Raises
    ------
    BadValueError
        If a label or a time cannot be read (names the row), or a column holds what no text or mark is.
    """
    meaning = _meanings(name, label, labels)
    return Rows(
        name=name,
        texts=pc.fill_null(_as(pa.large_string(), text, name, "text"), ""),
        labels=meaning,
        groups=None if user is None else _groups(name, user),
        times=None if time is None else _times(name, time),
        order=None if order is None else _order(order),
        duplicate=_flags(name, duplicate, len(meaning)),
        contradictory=_flags(name, contradictory, len(meaning)),
        languages=None if language is None else _spelled(name, language, "language").astype(np.str_),
    )


def _joined(column: Column) -> Column:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _as(kind: pa.DataType, column: Column, name: str, what: str) -> Column:
    """Cast a column, whatever type it came in."""
    joined = _joined(column)
    try:
        return joined.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
        raise BadValueError(
            f"{name}: what should say the {what} holds {joined.type}, of which not all can be read as {kind} "
            f"({reason_of(fault)}); write it otherwise, or drop the column"
        ) from fault


def _meanings(name: str, label: Column, labels: dict[str, int]) -> LabelArray:
    spelled = pc.fill_null(_as(pa.string(), label, name, "label"), "")
    encoded = spelled.dictionary_encode()
    spellings = [spelling.strip().lower() for spelling in encoded.dictionary.to_pylist()]
    unknown = [i for i, spelling in enumerate(spellings) if spelling not in labels]
    codes = encoded.indices.to_numpy()
    if unknown:
        row = int(np.flatnonzero(codes == unknown[0])[0]) + 1
        raise BadValueError(
            f"{name}: column label, row {row:,}: {shown(encoded.dictionary[unknown[0]].as_py())} is no "
            f"label; {_spellings(labels)}"
        )
    meanings: LabelArray = np.array([labels[spelling] for spelling in spellings], dtype=np.int8)[codes]
    return meanings


def _spellings(labels: dict[str, int]) -> str:
    """Say how labels are written: negative is 0 or neg, positive 1 or pos."""
    parts = []
    for called, kind in (("negative is", NEGATIVE), ("positive", POSITIVE), ("neutral", NEUTRAL)):
        spelled = [each or "nothing" for each, of in labels.items() if of == kind and not each.endswith(".0")]
        *others, last = spelled
        parts.append(f"{called} {', '.join(others)} or {last}" if others else f"{called} {last}")
    return "; ".join(parts)


def shown(value: str, at_most: int = 40) -> str:
    """Quote a cell for a message, shortened."""
    return repr(value if len(value) <= at_most else value[:at_most] + "…")


def printable(text: str) -> str:
    """Write out what a terminal would obey or could not show, such as line breaks and control characters."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def reason_of(fault: Exception) -> str:
    """Give the first line of what pyarrow says, without the row that it quotes: a tweet, or binary bytes."""
    first = (str(fault).strip().splitlines() or [type(fault).__name__])[0].rstrip(".")
    ragged = _RAGGED.match(first)
    return printable(ragged[1] if ragged else first)


def _spelled(name: str, column: Column, what: str) -> NDArray[np.object_]:
    spelled: NDArray[np.object_] = pc.fill_null(_as(pa.large_string(), column, name, what), "").to_numpy(
        zero_copy_only=False
    )
    return spelled


def _groups(name: str, user: Column) -> NDArray[np.uint64] | None:
    spelled = _spelled(name, user, "user")
    known = spelled != ""
    if not known.any():
        return None
    hashes: NDArray[np.uint64] = pd.util.hash_array(spelled)
    return np.where(known, np.maximum(hashes, 1), 0).astype(np.uint64)


def _times(name: str, time: Column) -> NDArray[np.datetime64] | None:
    column = _joined(time)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        # Zone or not, only the order counts, and one column has one zone.
        stamps: NDArray[np.datetime64] = column.to_numpy(zero_copy_only=False).astype("datetime64[us]")
        return None if np.isnat(stamps).all() else stamps
    written = pd.Series(_spelled(name, column, "time")).str.strip()
    blank = written == ""
    if blank.all():
        return None
    parsed = pd.to_datetime(written, format="ISO8601", utc=True, errors="coerce")
    bad = np.flatnonzero(parsed.isna() & ~blank)
    if len(bad):
        raise BadValueError(
            f"{name}: the time in row {bad[0] + 1:,}: {shown(written.iloc[bad[0]])} is no ISO 8601 time; "
            "write it like 2026-11-21T09:00:00Z, or drop the column"
        )
    return parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")


def _order(order: Column) -> NDArray[np.int64] | None:
    column = _joined(order)
    try:
        numbers = column.cast(pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    if numbers.null_count:
        return None
    whole: NDArray[np.int64] = numbers.to_numpy()
    return whole


def _flags(name: str, column: Column | None, n: int) -> NDArray[np.bool_]:
    if column is None:
        return np.zeros(n, dtype=np.bool_)
    marks = pc.fill_null(_as(pa.bool_(), column, name, "duplicates and contradictions"), fill_value=False)
    flags: NDArray[np.bool_] = marks.to_numpy(zero_copy_only=False)
    return flags
