"""Characters as tokens, and texts as token ids; words as tokens are `families.vocabulary`'s."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, normalizers
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from tokenizers.trainers import WordLevelTrainer

from sentiment import Cleaning
from sentiment_training.families.vocabulary import PAD, PAD_ID, UNKNOWN, UNKNOWN_ID, copied
from sentiment_training.progress import Progress

PADDING = PAD_ID  # counts as no token

TokenArray = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]

# No writing system has more characters in common use.
_MOST_CHARACTERS = 60_000

# Texts that are turned into ids between two steps of the progress bar.
_TEXTS_AT_ONCE = 20_000


@dataclass(frozen=True)
class LaidOut:
    """Token ids of texts, laid end to end: as lists of numbers they would take ten times the memory.

    Attributes
    ----------
    ids
        Of all texts, one after another.
    lengths
        Tokens of each text, shape (n,).
    """

    ids: TokenArray
    lengths: IntArray

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> IntArray:
        """Where each text begins in `ids`, shape (n,)."""
        starts: IntArray = np.cumsum(self.lengths) - self.lengths
        return starts

    def matrix(self, rows: slice) -> IntArray:
        """Ids of some texts, shape (texts, length); after the shorter ones stands padding."""
        starts, lengths = self.starts[rows, np.newaxis], self.lengths[rows, np.newaxis]
        places = np.arange(max(1, lengths.max(initial=0)))
        found: IntArray = np.full((len(lengths), len(places)), PADDING)
        here = places < lengths
        found[here] = self.ids[(starts + places)[here]]
        return found


def character_tokenizer(
    texts: Sequence[str], cleaning: Cleaning, progress: Progress, *, min_count: int, max_length: int
) -> Tokenizer:
    """Learn the characters of texts; any white space counts as one space.

    Parameters
    ----------
    min_count
        Times that a character must occur.
    max_length
        Characters of a text that count.
    """
    tokenizer = Tokenizer(WordLevel({PAD: PAD_ID, UNKNOWN: UNKNOWN_ID}, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [cleaning.normalizer(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = Split(Regex(r"[\s\S]"), "isolated")
    trainer = WordLevelTrainer(
        vocab_size=_MOST_CHARACTERS,
        min_frequency=min_count,
        special_tokens=[PAD, UNKNOWN],
        show_progress=False,
    )
    with progress.step("vocabulary"):
        tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    tokenizer.encode_special_tokens = True  # `[PAD]` in a text is text
    tokenizer.enable_truncation(max_length)
    return tokenizer


def token_ids(
    tokenizer: Tokenizer, texts: Sequence[str], progress: Progress | None = None
) -> tuple[TokenArray, IntArray]:
    """Turn texts into token ids, one after another, and the number of ids in each text."""
    ids: list[TokenArray] = [np.empty(0, np.int32)]
    lengths: list[int] = []

    def batches() -> Iterator[int]:
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            batch = list(texts[start : start + _TEXTS_AT_ONCE])
            rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(batch)]
            lengths.extend(map(len, rows))
            ids.append(np.fromiter((token for row in rows for token in row), np.int32, sum(map(len, rows))))
            yield len(batch)

    if progress is None:
        for _ in batches():
            pass
    else:
        with progress.step("tokens", len(texts)) as advance:
            for done in batches():
                advance(done)
    return np.concatenate(ids), np.asarray(lengths, np.int64)


def padded(tokenizer: Tokenizer) -> Tokenizer:
    """Copy a tokenizer for a bundle, with padding.

    In training texts are laid end to end, where padding would count as a word.
    """
    copy = copied(tokenizer)
    copy.enable_padding(pad_id=PADDING, pad_token=PAD)
    return copy
