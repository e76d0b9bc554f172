"""Accounts that are mentioned get made-up names, and nothing else of a text changes."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sentiment_training.datasets import Dataset, with_strangers

NAME = re.compile("@(?:[a-z][aeiou]){3,5}")


def dataset(texts: list[str]) -> Dataset:
    return Dataset("tweets", pa.array(texts, pa.large_string()), np.arange(len(texts)) % 2 == 0)


def renamed(texts: list[str], share: float = 1.0, seed: int = 0) -> list[str]:
    changed: list[str] = with_strangers(dataset(texts), share, seed).texts.to_pylist()
    return changed


def test_an_account_keeps_its_new_name_within_a_text_alone() -> None:
    first, second = renamed(["@united thanks, @United! not @delta", "@united again"])
    names = NAME.findall(first)
    assert first == f"{names[0]} thanks, {names[0]}! not {names[2]}"
    assert len({names[0], names[2], *NAME.findall(second)}) == 3


def test_an_e_mail_address_is_no_mention() -> None:
    text = "write to help@airparadis.example"
    assert renamed([text]) == [text]


def test_the_share_is_that_of_the_rows() -> None:
    texts = [f"@united {number}" for number in range(2_000)]
    changed = sum(now != before for now, before in zip(renamed(texts, 0.3), texts, strict=True))
    assert 500 < changed < 700
    assert renamed(texts, 0.0) == texts


def test_the_same_seed_makes_the_same_names() -> None:
    texts = ["@united hello"] * 20
    assert renamed(texts, 0.5, 1) == renamed(texts, 0.5, 1) != renamed(texts, 0.5, 2)


def test_labels_and_the_rest_stay() -> None:
    before = dataset(["@united no", "yes", "@delta yes"])
    after = with_strangers(before, 1.0, 0)
    assert after.labels.tolist() == before.labels.tolist()
    assert after.counts == before.counts


@given(st.lists(st.text(st.sampled_from("@xy_.é \n"), max_size=30), max_size=5))
def test_all_but_the_mentions_stays(texts: list[str]) -> None:
    mention = re.compile(r"(?<![\w.])@\w+")
    for before, after in zip(texts, renamed(texts), strict=True):
        assert mention.split(before) == NAME.split(after)
