"""A vocabulary is cut down to what texts use: what is kept means what it meant."""

from pathlib import Path

import numpy as np
import pytest
from e5_folders import PIECES, an_e5_folder
from hub_folders import a_wordpiece_tokenizer
from tokenizers import Tokenizer

from sentiment_training.encoders.bert_weights import EncoderWeights
from sentiment_training.encoders.e5 import read_e5
from sentiment_training.encoders.pruning import pruned
from sentiment_training.progress import SilentProgress

TEXTS = ["the crew was late", "late again", "not good !"]


@pytest.fixture
def whole(tmp_path: Path) -> tuple[EncoderWeights, Tokenizer]:
    an_e5_folder(tmp_path)
    weights, tokenizer = read_e5(tmp_path)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
    return weights, tokenizer


def test_used_pieces_keep_their_embeddings(whole: tuple[EncoderWeights, Tokenizer]) -> None:
    weights, tokenizer = whole
    fewer, cut = pruned(weights, tokenizer, TEXTS, len(PIECES) - 4, SilentProgress())
    assert len(PIECES) - 4 == len(fewer.tokens) == cut.get_vocab_size()
    for text in [*TEXTS, "", "☮ crew"]:
        before, after = tokenizer.encode(text), cut.encode(text)
        assert before.tokens == after.tokens
        np.testing.assert_array_equal(weights.tokens[before.ids], fewer.tokens[after.ids])
    assert {"pad_id": 1, "pad_token": "<pad>"}.items() <= (cut.padding or {}).items()


def test_a_piece_that_no_text_uses_is_cut_into_smaller_ones(whole: tuple[EncoderWeights, Tokenizer]) -> None:
    weights, tokenizer = whole
    # Special pieces and ASCII's characters are 33; then six words.
    fewer, cut = pruned(weights, tokenizer, TEXTS, 39, SilentProgress())
    assert 39 == len(fewer.tokens)
    assert ["<s>", "▁late", "</s>"] == cut.encode("late").tokens
    assert ["<s>", "▁", *"awful", "</s>"] == cut.encode("awful").tokens
    assert cut.token_to_id("<unk>") == cut.encode("北").ids[-2]


def test_ascii_and_special_pieces_stay_however_few_are_wanted(
    whole: tuple[EncoderWeights, Tokenizer],
) -> None:
    _, cut = pruned(*whole, TEXTS, 1, SilentProgress())
    assert ["<s>", "▁", *"late!", "</s>"] == cut.encode("late!").tokens
    assert 33 == cut.get_vocab_size()


def test_all_is_kept_on_request_and_where_there_is_nothing_to_choose(
    whole: tuple[EncoderWeights, Tokenizer],
) -> None:
    weights, tokenizer = whole
    for most in (0, len(PIECES), 10**6):
        assert (weights, tokenizer) == pruned(weights, tokenizer, TEXTS, most, SilentProgress())
    words = a_wordpiece_tokenizer()
    assert (weights, words) == pruned(weights, words, TEXTS, 5, SilentProgress())


def test_room_that_is_left_goes_to_pieces_in_the_texts_own_characters(
    whole: tuple[EncoderWeights, Tokenizer],
) -> None:
    weights, tokenizer = whole
    likely = ["▁awful", "▁bad", "▁great", "▁never"]
    for room, kept in ((40, []), (41, ["▁great"]), (len(PIECES), likely)):
        _, cut = pruned(weights, tokenizer, TEXTS, room, SilentProgress())
        assert kept == [piece for piece in likely if piece in cut.get_vocab()], room


@pytest.mark.parametrize(("times", "kept"), [(1, "▁thanks"), (7_000, "▁awful")])
def test_a_character_that_hardly_any_text_has_does_not_bring_its_pieces(
    whole: tuple[EncoderWeights, Tokenizer], times: int, kept: str
) -> None:
    weights, tokenizer = whole
    _, cut = pruned(weights, tokenizer, [*TEXTS * times, "k"], 42, SilentProgress())
    assert ["▁great", kept] == [each for each in ("▁great", "▁awful", "▁thanks") if each in cut.get_vocab()]
