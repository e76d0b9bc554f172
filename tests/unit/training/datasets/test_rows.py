"""Rows: a file as it stands, for whoever looks at it before training."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from sentiment_training.datasets import NEGATIVE, NEUTRAL, POSITIVE, Counts, load_rows
from sentiment_training.errors import BadValueError, EmptyDatasetError, OneClassError


def test_rows_are_all_there_with_neutral_blank_and_marked_ones(a_file: Callable[..., str]) -> None:
    path = a_file(
        "some.csv",
        {
            "text": ["a", "b", "c", " ", "a"],
            "label": ["negative", "positive", "neutral", "positive", "negative"],
            "dup": [False, False, False, False, True],
        },
    )

    rows = load_rows(path)

    assert rows.texts.to_pylist() == ["a", "b", "c", " ", "a"]
    assert rows.labels.tolist() == [NEGATIVE, POSITIVE, NEUTRAL, POSITIVE, NEGATIVE]
    assert rows.blank.tolist() == [False, False, False, True, False]
    assert rows.polar().counts == Counts(read=5, neutral=1, empty=1, duplicate=1, kept=2)


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("some.csv", ["2026-01-02", " ", "2026-01-01"]),
        ("some.parquet", [datetime(2026, 1, 2, tzinfo=UTC), None, datetime(2026, 1, 1, tzinfo=UTC)]),
    ],
)
def test_one_row_without_a_date_takes_none_from_the_others_but_no_split_goes_by_time(
    a_file: Callable[..., str], name: str, dates: list[object]
) -> None:
    # Regression: one blank discarded every date.
    rows = load_rows(a_file(name, {"text": ["a", "b", "c"], "label": [0, 1, 1], "date": dates}))

    assert rows.times is not None
    assert np.isnat(rows.times).tolist() == [False, True, False]
    assert rows.times.argsort().tolist() == [2, 0, 1]
    assert rows.dataset().times is None


def test_times_finer_than_microseconds_are_read(a_file: Callable[..., str]) -> None:
    # Regression: they ended in a traceback, for nanoseconds would be lost.
    dates = np.array(["2026-01-02T00:00:00.000000123", "2026-01-01"], "datetime64[ns]")

    times = load_rows(a_file("some.parquet", {"text": ["a", "b"], "label": [0, 1], "date": dates})).times

    assert times is not None
    assert times.astype("datetime64[D]").astype(str).tolist() == ["2026-01-02", "2026-01-01"]


@pytest.mark.parametrize("name", ["some.csv", "some.parquet"])
def test_a_column_without_any_date_says_nothing(a_file: Callable[..., str], name: str) -> None:
    columns = {"text": ["a", "b"], "label": [0, 1], "date": np.array(["NaT", "NaT"], "datetime64[us]")}

    assert load_rows(a_file(name, columns)).times is None


def test_a_file_of_one_class_has_rows_but_is_no_data_set(a_file: Callable[..., str]) -> None:
    rows = load_rows(a_file("praise.csv", {"text": ["a", "b"], "label": [1, 1]}))

    assert len(rows.polar()) == 2
    with pytest.raises(OneClassError):
        rows.dataset()


def test_a_file_of_neutral_rows_has_rows_but_is_no_data_set(a_file: Callable[..., str]) -> None:
    rows = load_rows(a_file("neutral.csv", {"text": ["a", "b"], "label": ["neutral", None]}))

    assert len(rows) == 2
    assert len(rows.polar()) == 0
    with pytest.raises(EmptyDatasetError):
        rows.dataset()


def test_a_label_that_means_nothing_is_refused_in_rows_too(a_file: Callable[..., str]) -> None:
    with pytest.raises(BadValueError, match="row 2"):
        load_rows(a_file("bad.csv", {"text": ["a", "b"], "label": ["0", "7"]}))
