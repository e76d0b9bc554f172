"""The corpus: every row with a text, cut as models cut it."""

from collections.abc import Callable

import numpy as np
import pytest

from sentiment_training.datasets import Rows
from sentiment_training.errors import EmptyDatasetError
from sentiment_training.exploration.corpus import Corpus, corpus_of
from sentiment_training.progress import SilentProgress


def test_blank_texts_are_left_out_and_classes_stand_from_negative_to_positive(
    corpus: Callable[..., Corpus],
) -> None:
    made = corpus(["good", " ", "bad", "so so"], "+-00")

    assert made.classes == ["neutral", "positive"]
    assert made.codes.tolist() == [1, 0, 0]
    assert made.texts.to_pylist() == ["good", "bad", "so so"]


def test_texts_are_cut_as_a_model_cuts_them(corpus: Callable[..., Corpus]) -> None:
    words = corpus(["@you LOVED it!!! http://t.co/x"], "+").words

    assert [words.vocabulary[each] for each in words.ids] == ["user", "loved", "it", "!!!", "url"]
    assert words.lengths.tolist() == [5]


def test_one_class_is_no_fault(corpus: Callable[..., Corpus]) -> None:
    assert corpus(["a", "b"], "++").classes == ["positive"]


def test_files_without_any_text_are_refused(rows: Callable[..., Rows]) -> None:
    with pytest.raises(EmptyDatasetError, match="none of 2 rows has a text"):
        corpus_of([rows([" ", ""], "+-")], SilentProgress())


def test_where_one_file_knows_times_the_rows_of_the_other_have_none(rows: Callable[..., Rows]) -> None:
    dated = rows(["a"], "+", times=["2026-01-02"], order=[1])
    undated = rows(["b"], "-", order=[1])

    joined = corpus_of([dated, undated], SilentProgress())

    assert joined.times is not None
    assert np.isnat(joined.times).tolist() == [False, True]
    assert joined.order is None  # each file counts for itself


def test_where_only_blank_texts_have_a_time_there_is_none(corpus: Callable[..., Corpus]) -> None:
    assert corpus(["a", " "], "+-", times=["NaT", "2026-01-02"]).times is None


def test_a_sample_keeps_the_shares_of_the_classes_and_is_the_same_each_time(
    corpus: Callable[..., Corpus],
) -> None:
    made = corpus([f"text {i}" for i in range(400)], "-" * 300 + "+" * 100)

    sample = made.sample(40, seed=1)

    assert (made.codes[sample] == 0).sum() == 30
    assert len(set(sample.tolist())) == 40
    assert sample.tolist() == made.sample(40, seed=1).tolist()
    assert sample.tolist() != made.sample(40, seed=2).tolist()
    assert made.sample(1000, seed=1).tolist() == list(range(400))


def test_words_of_some_texts_are_theirs_alone(corpus: Callable[..., Corpus]) -> None:
    words = corpus(["a b", "c", "d e f"], "-+-").words

    some = words.of(np.array([2, 0]))

    assert [some.vocabulary[each] for each in some.ids] == ["d", "e", "f", "a", "b"]
    assert some.lengths.tolist() == [3, 2]
