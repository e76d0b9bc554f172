"""Texts become ids, laid end to end."""

import numpy as np
from tokenizers import Tokenizer

from sentiment import Cleaning
from sentiment_training.families.classic.tokens import (
    PADDING,
    character_tokenizer,
    padded,
    token_ids,
)
from sentiment_training.families.vocabulary import train_tokenizer
from sentiment_training.progress import SilentProgress

TEXTS = ["Great flight!", "great\n\tcrew  :)", ""]


def of_words() -> Tokenizer:
    return train_tokenizer(TEXTS, Cleaning(), SilentProgress(), max_words=100, min_count=1, max_length=8)


def test_words_and_characters_are_what_cleaning_leaves() -> None:
    words = of_words()
    characters = character_tokenizer(TEXTS, Cleaning(), SilentProgress(), min_count=1, max_length=50)
    assert words.encode(TEXTS[1]).tokens == ["great", "crew", ":)"]
    assert "".join(characters.encode(TEXTS[1]).tokens) == "great crew :)"


def test_texts_are_laid_end_to_end() -> None:
    ids, lengths = token_ids(of_words(), TEXTS)
    assert lengths.tolist() == [3, 3, 0]
    assert len(ids) == 6
    assert ids[0] == ids[3]
    assert PADDING not in ids


def test_only_a_bundle_pads() -> None:
    words = of_words()
    assert padded(words).padding["pad_id"] == PADDING
    assert words.padding is None


def test_nothing_becomes_nothing() -> None:
    ids, lengths = token_ids(of_words(), [])
    assert (len(ids), len(lengths)) == (0, 0)
    assert ids.dtype == np.int32
