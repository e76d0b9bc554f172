"""A vocabulary of words: those that mean the same share an id, by the cleaning that was chosen."""

import importlib.util
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentiment import Cleaning, tokenizer_json
from sentiment.cleaning_patterns import NEGATIONS
from sentiment_training.errors import OptionError
from sentiment_training.families.meanings import CleaningChoice
from sentiment_training.families.vocabulary import copied, train_tokenizer, vocabulary_size
from sentiment_training.progress import SilentProgress

needs_lemmas = pytest.mark.skipif(
    importlib.util.find_spec("simplemma") is None, reason="simplemma is not installed (--extra lemmas)"
)

TEXTS = [
    "not delayed, love it :) don't we'll smile",
    "delays and delay and flights, a flight",
    "do not dont lol never no none nothing will",
]

TOKENIZER = train_tokenizer(
    TEXTS,
    Cleaning.parse("emojis=words,emoticons=words,contractions=words"),
    SilentProgress(),
    max_words=1_000,
    min_count=1,
    max_length=50,
)


def ids(text: str, options: str) -> list[int]:
    tokenizer = train_tokenizer(
        TEXTS, Cleaning.parse(options), SilentProgress(), max_words=1_000, min_count=1, max_length=50
    )
    return list(copied(tokenizer).encode(text).ids)


@pytest.mark.parametrize(
    ("options", "one", "other"),
    [
        ("emoticons=words", ":)", "smile"),
        ("emoticons=words", "<3", "love"),  # never seen in training
        ("emoticons=words", ";-d", "lol"),
        ("emojis=words", "\U0001f602", "lol"),
        ("emojis=words", "\u2764\ufe0f", "love"),
        ("emojis=words", "\U0001f6eb", "\U0001f6ec"),  # planes: neither the pictures nor the word were seen
        ("contractions=words", "don't", "do not"),
        ("contractions=words", "dont", "do not"),
        ("contractions=words", "we'll", "we will"),
        pytest.param("lemmas=on", "delays", "delay", marks=needs_lemmas),
        pytest.param("lemmas=on", "flights delayed", "flight delay", marks=needs_lemmas),
    ],
)
def test_words_that_mean_the_same_share_an_id(options: str, one: str, other: str) -> None:
    assert ids(one, options) == ids(other, options)
    if one != "\U0001f6eb":
        assert ids(one, "plain") != ids(other, "plain")


@needs_lemmas
def test_a_negation_keeps_an_id_of_its_own() -> None:
    options = "lemmas=on,emojis=words,emoticons=words"
    negations = ["not", "never", "no", "none", "nothing", "don't", "dont"]
    assert len(negations) == len({number for word in negations for number in ids(word, options)})
    assert NEGATIONS >= {"not", "never", "no"}


@given(st.text())
@example("[PAD]")
@example("so [PAD][UNK]ed")
def test_any_text_has_ids_of_the_vocabulary(text: str) -> None:
    assert all(0 < number < vocabulary_size(TOKENIZER) for number in TOKENIZER.encode(text).ids)


def test_ids_have_no_gaps_and_a_copy_keeps_every_word() -> None:
    words = TOKENIZER.get_vocab()
    assert set(range(vocabulary_size(TOKENIZER))) == set(words.values())
    assert words == copied(TOKENIZER).get_vocab()
    assert tokenizer_json(TOKENIZER) == tokenizer_json(copied(TOKENIZER))


def test_a_family_that_reads_parts_of_words_refuses_to_merge_them() -> None:
    with pytest.raises(OptionError, match="emojis, contractions cannot be chosen"):
        CleaningChoice(of_words=False).read("cleaning", "emojis=words,contractions=words")
    assert CleaningChoice(of_words=False).read("cleaning", "links=token,emojis=removed") == "emojis=removed"


def test_a_wrong_cleaning_is_named_as_an_option_of_the_command() -> None:
    with pytest.raises(OptionError, match="cleaning: there is no cleaning 'stems'"):
        CleaningChoice().read("cleaning", "stems=on")


def test_a_missing_package_is_named_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simplemma", None)
    with pytest.raises(OptionError, match="--extra lemmas"):
        CleaningChoice().read("cleaning", "lemmas=on")
