"""Rows: a file as it stands, for whoever looks at it before training."""

from collections.abc import Callable

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
