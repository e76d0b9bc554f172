"""Which words, pairs and triples are typical of a class.

Monroe, Colaresi and Quinn 2008, "Fightin' Words: Lexical Feature Selection and Evaluation for Identifying the
Content of Political Conflict": the log-odds ratio of an n-gram between a class and all others, with an
informative Dirichlet prior from the whole corpus, divided by its standard deviation. Unlike a ratio of counts
it does not prefer what was seen twice, and unlike a difference of counts it does not prefer *the*.

Here a text counts once for each n-gram that it holds, however often it says it: a single tweet of thirty
equal emojis makes them typical of nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from unicodedata import category

import numpy as np
import numpy.typing as npt

from sentiment_training.datasets import BoolArray
from sentiment_training.datasets.dataset import IntArray
from sentiment_training.exploration.corpus import UNKNOWN, Corpus, Words
from sentiment_training.families.classic.tokens import TokenArray
from sentiment_training.scores import Z_95

FloatArray = npt.NDArray[np.float64]
TokenIds = npt.NDArray[np.int64]

LONGEST = 3
# The prior weighs a tenth of the corpus: what one class never says is typical of the other from about eight
# times on, and what is frequent is hardly touched.
PRIOR_SHARE = 0.1
# What one or two texts of thousands hold says nothing about a class.
_FEWEST_OF_MANY, _MANY = 5, 10_000
_BITS = 20
# Texts that are searched for repetitions together: about a million n-grams, whatever the corpus has.
_TEXTS_AT_ONCE = 2**16


@dataclass(frozen=True)
class NgramCounts:
    """How many texts hold each n-gram of one length.

    Attributes
    ----------
    ids
        Word ids, shape (m, size).
    counts
        Texts of each class that hold it, shape (m, classes).
    totals
        The sum of such counts over all n-grams of that length, also those that are too rare to be listed,
        shape (classes,).
    """

    ids: TokenIds
    counts: IntArray
    totals: IntArray


@dataclass(frozen=True)
class Typical:
    """An n-gram that is typical of a class.

    Attributes
    ----------
    text
        Its words.
    z
        Log-odds ratio in standard deviations; with one class only, 0.
    inside, outside
        How many texts of the class, and of all others, hold it.
    """

    text: str
    z: float
    inside: int
    outside: int


def count_ngrams(words: Words, codes: npt.NDArray[np.int8], classes: int, size: int) -> NgramCounts:
    """Count the texts that hold each n-gram of `size` words, none of them unknown."""
    starts = max(0, len(words.ids) - size + 1)
    rows = words.rows
    inside = rows[:starts] == rows[size - 1 : size - 1 + starts]
    key = np.zeros(starts, np.int64)
    for offset in range(size):
        word = words.ids[offset : offset + starts]
        inside &= word != UNKNOWN
        key <<= _BITS
        key |= word
    key, row = key[inside], rows[:starts][inside]
    once = _first_in_text(key, row)
    key, code = key[once], codes[row[once]].astype(np.int64)
    key *= classes
    key += code
    found, n = np.unique(key, return_counts=True)
    ngram, code = np.divmod(found, classes)
    new = np.diff(ngram, prepend=-1) != 0
    counts = np.zeros((int(new.sum()), classes), np.int64)
    counts[np.cumsum(new) - 1, code] = n
    fewest = _FEWEST_OF_MANY if len(words.lengths) >= _MANY else 1
    frequent = counts.sum(axis=1) >= fewest
    packed = ngram[new][frequent]
    shifts = _BITS * np.arange(size - 1, -1, -1, dtype=np.int64)
    ids = (packed[:, None] >> shifts) & ((1 << _BITS) - 1)
    return NgramCounts(ids, counts[frequent], counts.sum(axis=0))


def log_odds_z(counts: IntArray, totals: IntArray, code: int) -> FloatArray:
    """Give each n-gram's log-odds ratio between a class and all others, in standard deviations.

    Parameters
    ----------
    counts
        Of texts of each class that hold each n-gram, shape (m, classes).
    totals
        The sum of such counts over all n-grams, shape (classes,).
    code
        Which class; neither it nor all others together have no n-gram.

    Returns
    -------
    FloatArray
        Shape (m,); positive where the n-gram is typical of the class.

    Notes
    -----
    With a count of y of n in the class, y' of n' in all others, a prior of weight A = (n + n') / 10 in all,
    and of a = A (y + y') / (n + n') for this n-gram::

        d = log((y + a) / (n + A - y - a)) - log((y' + a) / (n' + A - y' - a))
        z = d / sqrt(1 / (y + a) + 1 / (y' + a))
    """
    y, n = counts[:, code].astype(np.float64), float(totals[code])
    others, n_others = counts.sum(axis=1) - y, float(totals.sum()) - n
    if (y + others == n + n_others).all():
        # The only one there is has no odds.
        return np.zeros(len(y))
    alpha_all = PRIOR_SHARE * (n + n_others)
    alpha = alpha_all * (y + others) / (n + n_others)
    here, there = y + alpha, others + alpha
    delta = np.log(here / (n + alpha_all - here)) - np.log(there / (n_others + alpha_all - there))
    z: FloatArray = delta / np.sqrt(1 / here + 1 / there)
    return z


def typical_ngrams(corpus: Corpus, counted: NgramCounts, code: int, most: int) -> list[Typical]:
    """Give the n-grams most typical of a class; those within two standard deviations of chance are not.

    Where there is one class only, those in the most texts; none where the class, or all others, have no
    n-gram of that length. N-grams with a word that cannot be seen, such as what follows an emoji, are left
    out.
    """
    inside = counted.counts[:, code]
    outside = counted.counts.sum(axis=1) - inside
    if len(corpus.classes) == 1:
        z, rank = np.zeros(len(inside)), inside.astype(np.float64)
        possible = inside > 0
    elif not 0 < counted.totals[code] < counted.totals.sum():
        return []
    else:
        z = rank = log_odds_z(counted.counts, counted.totals, code)
        possible = z > Z_95
    places = np.flatnonzero(possible)
    # Of equally typical ones the one with the smaller ids: the more frequent words.
    ordered = places[np.argsort(-rank[places], kind="stable")].tolist()
    vocabulary = corpus.words.vocabulary
    seen = (place for place in ordered if all(_visible(vocabulary[each]) for each in counted.ids[place]))
    return [
        Typical(
            written(vocabulary, counted.ids[place]),
            float(z[place]),
            int(inside[place]),
            int(outside[place]),
        )
        for place in islice(seen, most)
    ]


def written(vocabulary: Sequence[str], ids: TokenIds) -> str:
    """Write an n-gram's words."""
    return " ".join(vocabulary[each] for each in ids.tolist())


def _first_in_text(key: TokenIds, row: TokenArray) -> BoolArray:
    """Mark each n-gram where its text says it for the first time; rows ascend."""
    first = np.ones(len(key), np.bool_)
    if not len(key):
        return first
    edges = np.searchsorted(row, np.arange(0, int(row[-1]) + _TEXTS_AT_ONCE + 1, _TEXTS_AT_ONCE))
    for start, end in pairwise(edges.tolist()):
        # A stable order keeps equal n-grams of one text side by side.
        order = start + np.argsort(key[start:end], kind="stable")
        ngram, text = key[order], row[order]
        again = (ngram[1:] == ngram[:-1]) & (text[1:] == text[:-1])
        first[order[1:][again]] = False
    return first


def _visible(word: str) -> bool:
    return any(category(character)[0] not in "CMZ" for character in word)
