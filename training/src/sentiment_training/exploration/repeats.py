"""Texts that occur more than once, and those that occur with more than one label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sentiment_training.datasets import normalised
from sentiment_training.exploration.corpus import Corpus

EXAMPLES = 6


@dataclass(frozen=True)
class Repeated:
    """A text, as it was first written, and how often it occurs in each class."""

    text: str
    counts: Sequence[int]

    @property
    def n(self) -> int:
        """How often it occurs in all."""
        return sum(self.counts)


@dataclass(frozen=True)
class Repeats:
    """How much of a corpus is said again. Texts are equal when they are equal once normalised.

    Attributes
    ----------
    n
        Texts.
    distinct
        Different texts.
    duplicates
        Texts beyond the first of the same label.
    contradictory
        Different texts that occur with more than one label.
    opposed
        Those of them that occur both as negative and as positive.
    contradictory_rows
        How often the contradictory texts occur.
    most_repeated, most_contradictory
        The most frequent ones with one label, and with more than one; at most six each.
    """

    n: int
    distinct: int
    duplicates: int
    contradictory: int
    opposed: int
    contradictory_rows: int
    most_repeated: Sequence[Repeated]
    most_contradictory: Sequence[Repeated]


def repeats(corpus: Corpus) -> Repeats:
    """Find the texts that occur more than once."""
    encoded = normalised(corpus.texts).dictionary_encode()
    text_of = encoded.indices.to_numpy().astype(np.int64)
    k = len(corpus.classes)
    distinct = len(encoded.dictionary)
    counts = np.bincount(text_of * k + corpus.codes, minlength=distinct * k).reshape(distinct, k)
    n, labels = counts.sum(axis=1), (counts > 0).sum(axis=1)
    mixed = labels > 1
    poles = [corpus.classes.index(each) for each in ("negative", "positive") if each in corpus.classes]
    first = np.full(distinct, len(corpus), np.int64)
    np.minimum.at(first, text_of, np.arange(len(corpus)))

    def examples(among: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Repeated]:
        # The most frequent first; of equally frequent ones, the first in the file.
        places = np.flatnonzero(among)
        chosen = places[np.lexsort((first[places], -n[places]))[:EXAMPLES]]
        return [Repeated(corpus.texts[int(first[place])].as_py(), counts[place].tolist()) for place in chosen]

    return Repeats(
        n=len(corpus),
        distinct=distinct,
        duplicates=int((n - labels).sum()),
        contradictory=int(mixed.sum()),
        opposed=int((counts[:, poles] > 0).all(axis=1).sum()) if len(poles) == 2 else 0,  # noqa: PLR2004
        contradictory_rows=int(n[mixed].sum()),
        most_repeated=examples((n > 1) & ~mixed),
        most_contradictory=examples(mixed),
    )
