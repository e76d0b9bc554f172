"""In copies of texts, accounts that are mentioned get made-up names, and nothing else changes."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sentiment_training.datasets import Dataset, with_strangers

NAME = re.compile("@(?:[a-z][aeiou]){3,5}")


def dataset(texts: list[str]) -> Dataset:
    return Dataset("tweets", pa.array(texts, pa.large_string()), np.arange(len(texts)) % 2 == 0)


def copies(texts: list[str], share: float = 1.0, seed: int = 0) -> list[str]:
    """What is learned besides the texts themselves, which come first and as they were."""
    learned: list[str] = with_strangers(dataset(texts), share, seed).texts.to_pylist()
    assert learned[: len(texts)] == texts
    return learned[len(texts) :]


def test_an_account_keeps_its_new_name_within_a_text_alone() -> None:
    first, second = copies(["@united thanks, @United! not @delta", "@united again"])
    names = NAME.findall(first)
    assert first == f"{names[0]} thanks, {names[0]}! not {names[2]}"
    assert len({names[0], names[2], *NAME.findall(second)}) == 3


def test_a_text_that_mentions_nobody_is_not_learned_twice() -> None:
    assert copies(["write to help@airparadis.example", "hello"]) == []


def test_the_share_is_that_of_the_rows() -> None:
    texts = [f"@united {number}" for number in range(2_000)]
    assert 500 < len(copies(texts, 0.3)) < 700
    assert copies(texts, 0.0) == []


def test_the_same_seed_makes_the_same_names() -> None:
    texts = ["@united hello"] * 20
    assert copies(texts, 0.5, 1) == copies(texts, 0.5, 1) != copies(texts, 0.5, 2)


def test_a_copy_has_the_label_of_its_text() -> None:
    after = with_strangers(dataset(["@united no", "yes", "@delta yes"]), 1.0, 0)
    assert after.labels.tolist() == [True, False, True, True, True]


@given(st.lists(st.text(st.sampled_from("@xy_.é \n"), max_size=30), max_size=5))
def test_all_but_the_mentions_stays(texts: list[str]) -> None:
    mention = re.compile(r"(?<![\w.])@\w+")
    mentioning = [text for text in texts if mention.search(text)]
    for before, after in zip(mentioning, copies(texts), strict=True):
        assert mention.split(before) == NAME.split(after)
