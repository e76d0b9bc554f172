"""Texts as token ids, laid end to end, and cut into batches of equal length.

Texts of one batch have the same number of tokens, so no padding is ever computed and no mask is needed;
1.4 million tweets take about 80 MB.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from sentiment import Cleaning
from sentiment_training.families.classic.tokens import LaidOut, token_ids
from sentiment_training.families.deep.options import WORDS, NetworkOptions
from sentiment_training.families.vocabulary import PAD, PAD_ID, UNKNOWN
from sentiment_training.families.vocabulary import train_tokenizer as train_words
from sentiment_training.progress import Progress

CONTINUED = "##"  # begins a piece that is not the beginning of its word

# Characters that pieces are made of: what is rarer than the thousandth is noise.
_ALPHABET = 1_000

TokenArray = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows(LaidOut):
    """Texts in batches of one length; each has at least one token, an empty one that of padding."""

    @classmethod
    def of(cls, tokenizer: Tokenizer, texts: Sequence[str], progress: Progress | None = None) -> "Rows":
        """Cut texts into tokens."""
        ids, lengths = token_ids(tokenizer, texts, progress)
        empty = lengths == 0
        starts = np.cumsum(lengths) - lengths
        ids = np.insert(ids, starts[empty], PAD_ID)
        return cls(ids, np.maximum(lengths, 1))

    @property
    def said(self) -> LaidOut:
        """The same tokens, but none where a text is empty: as n-grams count them, and as a bundle does."""
        empty = self.ids[self.starts] == PAD_ID
        return LaidOut(self.ids[self.ids != PAD_ID], np.where(empty, 0, self.lengths))

    def batch(self, rows: IntArray) -> TokenArray:
        """Return the ids of texts of one length, shape (texts, length)."""
        length = self.lengths[rows[0]]
        batch: TokenArray = self.ids[self.starts[rows, np.newaxis] + np.arange(length)]
        return batch

    def in_order(self, tokens_at_once: int) -> Iterator[IntArray]:
        """Yield row numbers in batches of equal length, the shortest first."""
        order = np.argsort(self.lengths, kind="stable")
        for same in _runs(order, self.lengths):
            size = max(1, tokens_at_once // int(self.lengths[same[0]]))
            yield from (same[start : start + size] for start in range(0, len(same), size))

    def shuffled(self, size: int, generator: np.random.Generator) -> list[IntArray]:
        """Return row numbers in batches of equal length and at most `size` texts, all in random order."""
        order = generator.permutation(len(self))
        order = order[np.argsort(self.lengths[order], kind="stable")]
        batches = [
            same[start : start + size]
            for same in _runs(order, self.lengths)
            for start in range(0, len(same), size)
        ]
        return [batches[number] for number in generator.permutation(len(batches))]


def _runs(order: IntArray, lengths: IntArray) -> Iterator[IntArray]:
    """Cut row numbers that are sorted by length wherever the length changes."""
    if len(order):
        yield from np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1)


def train_tokenizer(texts: Sequence[str], options: NetworkOptions, progress: Progress) -> Tokenizer:
    """Learn a vocabulary of words, or of pieces of words (byte pair encoding within words)."""
    cleaning = Cleaning.parse(options.cleaning)
    if options.tokens == WORDS:
        return train_words(
            texts,
            cleaning,
            progress,
            max_words=options.vocabulary,
            min_count=options.min_count,
            max_length=options.max_length,
        )
    tokenizer = Tokenizer(BPE(unk_token=UNKNOWN, continuing_subword_prefix=CONTINUED, fuse_unk=True))
    trainer = BpeTrainer(
        vocab_size=options.vocabulary,
        min_frequency=options.min_count,
        special_tokens=[PAD, UNKNOWN],
        limit_alphabet=_ALPHABET,
        continuing_subword_prefix=CONTINUED,
        show_progress=False,
    )
    tokenizer.normalizer = cleaning.normalizer()
    tokenizer.pre_tokenizer = cleaning.splitter()
    with progress.step("vocabulary"):
        tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    tokenizer.encode_special_tokens = True  # `[PAD]` in a text is text
    tokenizer.enable_truncation(options.max_length)
    return tokenizer
