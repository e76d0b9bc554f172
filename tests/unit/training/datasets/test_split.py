"""Splitting: held-out rows are by other people or of another time, and the same ones every time."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment_training.datasets import Dataset, folds_of, normalised, split
from sentiment_training.errors import OneClassError, OptionError


def test_no_user_is_on_both_sides(
    dataset: Callable[..., Dataset], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(3000)
    users = np.random.default_rng(1).integers(1, 2**64 - 1, 300, dtype=np.uint64)[np.arange(3000) % 300]

    parts = split(dataset(texts, labels, groups=users))

    assert parts.rule == "user"
    assert not set(parts.train.groups.tolist()) & set(parts.held_out.groups.tolist())
    assert len(parts.train) + len(parts.held_out) == 3000
    assert 0.05 < len(parts.held_out) / 3000 < 0.15


def test_rows_without_a_user_are_split_by_their_text(
    dataset: Callable[..., Dataset], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(2000)
    users = np.zeros(2000, dtype=np.uint64)
    users[0] = 7

    parts = split(dataset(texts, labels, groups=users))

    assert 0.05 < len(parts.held_out) / 2000 < 0.15


def test_one_user_alone_parts_nothing(
    dataset: Callable[..., Dataset], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(300)
    parts = split(dataset(texts, labels, groups=np.full(300, 7, np.uint64)))
    assert parts.rule == "text"


@pytest.mark.parametrize("rule", ["order", "time"])
def test_every_tenth_block_of_time_is_held_out_within_each_label(
    dataset: Callable[..., Dataset], rule: str
) -> None:
    n = 2000
    labels = np.arange(n) >= n // 2
    when = np.arange(n)
    known = {"order": when} if rule == "order" else {"times": np.datetime64("2026-01-01") + when}
    shuffled = np.random.default_rng(0).permutation(n)
    rows = dataset(
        [f"t{i}" for i in shuffled], labels[shuffled], **{key: each[shuffled] for key, each in known.items()}
    )

    parts = split(rows)

    assert rule == parts.rule
    # 1,000 rows a label are 100 blocks of 10; blocks 10, 20, … are held out.
    expected = {i for i in range(n) if (i % 1000) // 10 % 10 == 9}
    assert expected == {int(text[1:]) for text in parts.held_out.texts.to_pylist()}


def test_few_of_very_many_rows_can_be_apart_in_time_too(dataset: Callable[..., Dataset]) -> None:
    # Regression: of more than two million rows, 20,000 to choose by are less than one block of a hundred.
    n = 40_000
    rows = dataset([f"t{i}" for i in range(n)], np.arange(n) % 2 == 0, order=np.arange(n))
    parts = split(rows, most_validated=200)
    assert 100 <= len(parts.validation) <= 300


def test_users_are_preferred_to_times_and_times_to_order(
    dataset: Callable[..., Dataset], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(500)
    order = np.arange(500)
    times = np.datetime64("2026-01-01") + order

    assert split(dataset(texts, labels, times=times, order=order)).rule == "time"
    assert split(dataset(texts, labels, groups=order.astype(np.uint64) << 54, times=times)).rule == "user"


def test_without_user_or_time_the_text_decides_whatever_the_order_of_the_rows(
    dataset: Callable[..., Dataset], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(2000)
    backwards = dataset(texts[::-1], labels[::-1])

    parts, again = split(dataset(texts, labels)), split(backwards)

    assert parts.rule == "text"
    assert set(parts.held_out.texts.to_pylist()) == set(again.held_out.texts.to_pylist())
    assert 0.07 < len(parts.held_out) / 2000 < 0.13
    held_out, train = (set(normalised(each.texts).to_pylist()) for each in (parts.held_out, parts.train))
    assert not held_out & train


def test_too_few_rows_and_impossible_shares_are_refused(dataset: Callable[..., Dataset]) -> None:
    with pytest.raises(OneClassError, match=r"too few to hold out 0\.1"):
        split(dataset(["a", "b", "c"], [True, False, True]))
    with pytest.raises(OptionError, match=r"give one from 0\.01 to 0\.5"):
        split(dataset(["a", "b", "c"], [True, False, True]), share=0.9)


@given(st.lists(st.text(min_size=1), max_size=30), st.integers(1, 20))
def test_a_texts_fold_is_its_own_whatever_is_beside_it(texts: list[str], folds: int) -> None:
    parted = folds_of(pa.array(texts, pa.large_string()), folds).tolist()

    assert all(0 <= each < folds for each in parted)
    alone = [folds_of(pa.array([text], pa.large_string()), folds)[0] for text in texts]
    assert alone == parted


def test_whom_a_text_mentions_does_not_decide_its_fold(
    tweets: Callable[..., tuple[list[str], list[bool]]],
) -> None:
    texts, _ = tweets(1000)
    one, other = (
        folds_of(pa.array([f"@{name} {text}" for text in texts], pa.large_string()), 4)
        for name in ("united", "Bofuru")
    )
    foreign = folds_of(pa.array([f"@日本 {text}" for text in texts], pa.large_string()), 4)

    assert np.array_equal(one, other)
    assert np.array_equal(one, foreign)
    assert min(np.bincount(one)) > 200
