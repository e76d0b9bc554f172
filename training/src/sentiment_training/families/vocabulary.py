"""The vocabulary of families that learn words: a word-level tokenizer with its cleaning, trained on texts.

Cleaning that turns a word into another one is done here: words that mean the same get the same id
(`Cleaning.word_options`, `meanings`), so it costs nothing when a bundle answers.
"""

import json
from collections.abc import Mapping, Sequence

from tokenizers import Tokenizer, normalizers
from tokenizers.models import WordLevel
from tokenizers.normalizers import Normalizer
from tokenizers.trainers import WordLevelTrainer

from sentiment import Cleaning, tokenizer_from_json, tokenizer_json
from sentiment_training.families.meanings import merged
from sentiment_training.progress import Progress

PAD, UNKNOWN = "[PAD]", "[UNK]"
PAD_ID, UNKNOWN_ID = 0, 1


def train_tokenizer(
    texts: Sequence[str],
    cleaning: Cleaning,
    progress: Progress,
    *,
    max_words: int,
    min_count: int,
    max_length: int,
    first: Normalizer | None = None,
) -> Tokenizer:
    """Learn the words of texts. Id 0 is padding, id 1 any other word; then the more frequent first.

    Give a copy of it to nobody through `to_str`, which loses words: use `sentiment.tokenizer_json`, as
    `write_bundle` does. Its number of ids is `vocabulary_size`.

    Parameters
    ----------
    max_words
        Words, the two special ones among them. Several may share an id.
    min_count
        Times that a word must occur.
    max_length
        Tokens of a text that count.
    first
        What is done to a text before it is cleaned.
    """
    tokenizer = Tokenizer(WordLevel({PAD: PAD_ID, UNKNOWN: UNKNOWN_ID}, unk_token=UNKNOWN))
    steps = [cleaning.normalizer()] if first is None else [first, cleaning.normalizer()]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = cleaning.splitter()
    trainer = WordLevelTrainer(
        vocab_size=max_words,
        min_frequency=min_count,
        special_tokens=[PAD, UNKNOWN],
        show_progress=False,
    )
    with progress.step("vocabulary"):
        tokenizer.train_from_iterator(texts, trainer, length=len(texts))
        if cleaning.word_options:
            words = tokenizer.get_vocab(with_added_tokens=False)
            in_order = sorted(words, key=words.__getitem__)
            tokenizer = with_vocabulary(tokenizer, merged(in_order, cleaning, special=2))
    tokenizer.encode_special_tokens = True  # `[PAD]` in a text is text
    tokenizer.enable_truncation(max_length)
    return tokenizer


def vocabulary_size(tokenizer: Tokenizer) -> int:
    """Return the number of ids, which several words may share."""
    return max(tokenizer.get_vocab(with_added_tokens=False).values()) + 1


def with_vocabulary(tokenizer: Tokenizer, words: Mapping[str, int]) -> Tokenizer:
    """Return the tokenizer with another vocabulary, in which several words may share an id."""
    content = json.loads(tokenizer.to_str())
    content["model"]["vocab"] = dict(words)
    return tokenizer_from_json(json.dumps(content, ensure_ascii=False))


def copied(tokenizer: Tokenizer) -> Tokenizer:
    """Return a tokenizer of its own that can be given other padding."""
    return tokenizer_from_json(tokenizer_json(tokenizer))
