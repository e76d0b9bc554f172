"""The texts that are explored: their classes, when they were written, and their words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.trainers import WordLevelTrainer

from sentiment.cleaning import Cleaning
from sentiment_training.datasets import NEGATIVE, NEUTRAL, POSITIVE, BoolArray, LabelArray, Rows
from sentiment_training.datasets.dataset import IntArray, Texts
from sentiment_training.errors import EmptyDatasetError
from sentiment_training.families.classic.tokens import TokenArray, token_ids
from sentiment_training.progress import Progress

# Three words of 20 bits each, and two for the class, fit into one 64-bit key.
MOST_WORDS = 2**20 - 1
UNKNOWN = 0  # token id of a word that is in no vocabulary; no n-gram holds it
_UNKNOWN_TOKEN = "[UNK]"  # noqa: S105 - no secret

_NAMES = {NEGATIVE: "negative", NEUTRAL: "neutral", POSITIVE: "positive"}


@dataclass(frozen=True)
class Words:
    """Texts as the tokenizer of a model would cut them.

    Attributes
    ----------
    vocabulary
        Each word by its id.
    ids
        Word ids of all texts, one after another, shape (sum of lengths,).
    lengths
        Words in each text, shape (n,).
    """

    vocabulary: Sequence[str]
    ids: TokenArray
    lengths: IntArray

    @property
    def rows(self) -> TokenArray:
        """Say for each word which text it belongs to, shape (sum of lengths,)."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int32), self.lengths)

    def of(self, chosen: IntArray) -> "Words":
        """Keep some texts, in the order given."""
        ends = np.cumsum(self.lengths)
        starts = ends - self.lengths
        pieces = [self.ids[starts[row] : ends[row]] for row in chosen.tolist()]
        return Words(self.vocabulary, np.concatenate([np.empty(0, np.int32), *pieces]), self.lengths[chosen])


@dataclass(frozen=True)
class Corpus:
    """What there is to explore: every row with a text.

    Attributes
    ----------
    texts
        Arrow array of large strings, shape (n,), none blank.
    classes
        The names of the classes that occur, negative first.
    codes
        Each text's place in `classes`, shape (n,).
    times
        When each was written, NaT where unknown, shape (n,); None where no text has a time.
    order
        Grows with time, shape (n,); None where unknown, or where several files each count for themselves.
    words
        What the texts consist of.
    """

    texts: Texts
    classes: Sequence[str]
    codes: LabelArray
    times: NDArray[np.datetime64] | None
    order: IntArray | None
    words: Words

    def __len__(self) -> int:
        return len(self.codes)

    def of(self, code: int) -> BoolArray:
        """True where a text is of the class at that place."""
        mask: BoolArray = self.codes == code
        return mask

    def sample(self, most: int, seed: int) -> IntArray:
        """Draw at most so many rows without putting back, each class by its share; ascending."""
        if len(self) <= most:
            return np.arange(len(self), dtype=np.int64)
        shuffled = np.random.default_rng(seed).permutation(len(self))
        by_class = shuffled[np.argsort(self.codes[shuffled], kind="stable")]
        # Every so many-th of the rows, laid end to end class by class.
        return np.sort(by_class[np.arange(most) * len(self) // most]).astype(np.int64)


def corpus_of(sources: Sequence[Rows], progress: Progress) -> Corpus:
    """Join files, leave blank texts out, and cut the others into words.

    Raises
    ------
    EmptyDatasetError
        If no row has a text.
    """
    kept = [~each.blank for each in sources]
    texts = pa.concat_arrays(
        [each.texts.filter(pa.array(mask)) for each, mask in zip(sources, kept, strict=True)]
    )
    if not len(texts):
        names = ", ".join(each.name for each in sources)
        read = sum(len(each) for each in sources)
        raise EmptyDatasetError(f"{names}: none of {read:,} rows has a text; give a file with texts")
    labels = np.concatenate([each.labels[mask] for each, mask in zip(sources, kept, strict=True)])
    present = [label for label in (NEGATIVE, NEUTRAL, POSITIVE) if (labels == label).any()]
    codes = np.zeros(len(labels), np.int8)
    for place, label in enumerate(present):
        codes[labels == label] = place
    order = sources[0].order if len(sources) == 1 else None
    return Corpus(
        texts=texts,
        classes=[_NAMES[label] for label in present],
        codes=codes,
        times=_times(sources, kept),
        order=None if order is None else order[kept[0]],
        words=words_of(texts, progress),
    )


def words_of(texts: Texts, progress: Progress) -> Words:
    """Cut texts into words with the cleaning that models get by default."""
    tokenizer = Tokenizer(WordLevel(unk_token=_UNKNOWN_TOKEN))
    tokenizer.normalizer = Cleaning().normalizer()
    tokenizer.pre_tokenizer = Cleaning().splitter()
    trainer = WordLevelTrainer(
        vocab_size=MOST_WORDS, min_frequency=1, special_tokens=[_UNKNOWN_TOKEN], show_progress=False
    )
    written = texts.to_pylist()
    with progress.step("vocabulary"):
        tokenizer.train_from_iterator(written, trainer, length=len(written))
    ids, lengths = token_ids(tokenizer, written, progress)
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return Words([word for word, _ in by_id], ids, lengths)


def _times(sources: Sequence[Rows], kept: Sequence[BoolArray]) -> NDArray[np.datetime64] | None:
    if all(each.times is None for each in sources):
        return None
    unknown = np.datetime64("NaT", "us")
    times = np.concatenate(
        [
            np.full(int(mask.sum()), unknown) if each.times is None else each.times[mask]
            for each, mask in zip(sources, kept, strict=True)
        ]
    )
    return None if np.isnat(times).all() else times
