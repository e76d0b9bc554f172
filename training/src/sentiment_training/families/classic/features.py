"""From texts to a sparse matrix: tokens, n-grams, TF-IDF, hand-made counts.

In two stages, because a grid of models shares the first: a `Vocabulary` counts, a `Weighting` weighs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_selection import chi2
from tokenizers import Tokenizer

from sentiment import Cleaning
from sentiment_training.errors import OptionError
from sentiment_training.families.classic.marks import MARKS, MarkTable, capitals_marker
from sentiment_training.families.classic.ngrams import LONGEST, NgramTable
from sentiment_training.families.classic.tokens import (
    PADDING,
    IntArray,
    TokenArray,
    character_tokenizer,
    token_ids,
)
from sentiment_training.families.family import BoolArray, Choice, Examples, FloatArray, Number, Option, Switch
from sentiment_training.families.meanings import CleaningChoice
from sentiment_training.families.vocabulary import train_tokenizer, vocabulary_size
from sentiment_training.progress import Progress

COUNTS, TFIDF = "counts", "tfidf"
WORD, CHARACTER, BOTH = "word", "char", "both"

# A word has so many characters, with its space, in all the languages that we have data in.
_CHARACTERS_A_WORD = 6

# N-grams of the corpus, repetitions counted: past them a sparse matrix and its solver outgrow 6 GB.
MOST_NGRAMS = 350_000_000


@dataclass(frozen=True)
class FeatureOptions:
    """What a model sees of a text. The defaults did best on unseen tweets (docs/figures.md)."""

    features: str = TFIDF
    analyzer: str = WORD
    ngrams: int = 3
    char_ngrams: int = 5
    bucket_bits: int = 22
    min_count: int = 2
    max_words: int = 60_000
    max_length: int = 256
    marks: bool = False
    cleaning: str = "plain"


FEATURE_OPTIONS: dict[str, Option] = {
    "features": Choice((COUNTS, TFIDF), "what an n-gram counts: its occurrences, or TF-IDF of its presence"),
    "analyzer": Choice((WORD, CHARACTER), "whether n-grams are of words or of characters"),
    "ngrams": Number(int, 1, 4, "words in the longest n-gram"),
    "char_ngrams": Number(int, 1, LONGEST, "characters in the longest n-gram"),
    "bucket_bits": Number(int, 8, 26, "n-grams of two and more have at most 2^this columns"),
    "min_count": Number(int, 1, 1_000, "times that a word or n-gram must occur"),
    "max_words": Number(int, 100, 2**21 - 1, "words in the vocabulary at most"),
    "max_length": Number(int, 8, 4_096, "words of a text that count; of characters, six times as many"),
    "marks": Switch(f"join counts of {', '.join(MARKS)}"),
    "cleaning": CleaningChoice(),
}


def check_features(options: FeatureOptions) -> None:
    """Raise OptionError where two options do not go together."""
    if options.marks and options.analyzer == CHARACTER:
        raise OptionError(
            "marks=true counts words, so it needs a vocabulary of words: leave one of the two out"
        )
    if options.analyzer == CHARACTER:
        CleaningChoice(of_words=False).read("cleaning", options.cleaning)


@dataclass(frozen=True)
class Vocabulary:
    """What is counted in a text.

    Attributes
    ----------
    ngrams
        Which n-grams of token ids have a column.
    used
        Those of its columns that are features, ascending, shape (k,).
    marks
        Counted beside them, in columns after them; None where they are not wanted.
    """

    tokenizer: Tokenizer
    ngrams: NgramTable
    used: IntArray
    marks: MarkTable | None

    @classmethod
    def learn(cls, rows: Examples, options: FeatureOptions, progress: Progress) -> "Counted":
        """Learn which n-grams a corpus has, and count them in it."""
        check_features(options)
        texts = rows.texts
        words = options.analyzer != CHARACTER
        cleaning = Cleaning.parse(options.cleaning)
        if words:
            tokenizer = train_tokenizer(
                texts,
                cleaning,
                progress,
                max_words=options.max_words,
                min_count=options.min_count,
                max_length=options.max_length,
                first=capitals_marker() if options.marks else None,
            )
        else:
            tokenizer = character_tokenizer(
                texts,
                cleaning,
                progress,
                min_count=options.min_count,
                max_length=options.max_length * _CHARACTERS_A_WORD,
            )
        ids, lengths = token_ids(tokenizer, texts, progress)
        longest = options.ngrams if words else options.char_ngrams
        if len(ids) * longest > MOST_NGRAMS:
            raise OptionError(
                f"n-grams of up to {longest} in {len(ids):,} tokens would not fit into 6 GB of memory; give "
                f"fewer rows, a smaller {'ngrams' if words else 'char_ngrams'}, or analyzer={WORD}"
            )
        with progress.step("features"):
            marks = MarkTable.of(tokenizer) if options.marks else None
            return cls.of_tokens(rows, tokenizer, (ids, lengths), longest, options, marks)

    @classmethod
    def of_tokens(
        cls,
        rows: Examples,
        tokenizer: Tokenizer,
        tokens: tuple[TokenArray, IntArray],
        longest: int,
        options: FeatureOptions,
        marks: MarkTable | None = None,
        size: int | None = None,
    ) -> "Counted":
        """Learn which n-grams a corpus has that a tokenizer has cut, and count them in it.

        Parameters
        ----------
        tokens
            What `token_ids` gives for the texts.
        longest
            Tokens in the longest n-gram.
        size
            The number of ids, where they are not the tokenizer's own.
        """
        ids, lengths = tokens if marks is None else marks.without_markers(*tokens)
        ngrams = NgramTable.build(
            ids,
            lengths,
            vocabulary=size or vocabulary_size(tokenizer),
            longest=longest,
            most_buckets=2**options.bucket_bits,
            min_count=options.min_count,
        )
        counts = ngrams.counts(ids, lengths)
        # A solver walks through every column, and on a small data set nearly all of them are empty.
        occurs = np.bincount(counts.indices, minlength=ngrams.columns) > 0
        occurs[PADDING] = False
        used = np.flatnonzero(occurs)
        counts = counts[:, used]
        if marks is not None:
            counts = hstack([counts, csr_matrix(marks.counts(*tokens))], format="csr")
        vocabulary = cls(tokenizer, ngrams, used, marks)
        return Counted(vocabulary, counts, rows.labels, rows.weights, rows.domains, rows.names)

    def counted(self, rows: Examples) -> "Counted":
        """Count in labelled texts."""
        return Counted(self, self.counts(rows.texts), rows.labels, rows.weights, rows.domains, rows.names)

    @property
    def tables(self) -> dict[str, str | int | float]:
        """Sizes, to be logged."""
        return {"words": self.ngrams.vocabulary, "columns": len(self.used)}

    @property
    def mark_columns(self) -> int:
        """How many of the last columns are marks."""
        return 0 if self.marks is None else len(MARKS)

    def counts(self, texts: Sequence[str]) -> csr_matrix:
        """Count: float32, shape (n, k + marks)."""
        ids, lengths = token_ids(self.tokenizer, texts)
        if self.marks is None:
            return self.ngrams.counts(ids, lengths, self.used)
        plain = self.ngrams.counts(*self.marks.without_markers(ids, lengths), self.used)
        return hstack([plain, csr_matrix(self.marks.counts(ids, lengths))], format="csr")


@dataclass(frozen=True)
class Counted:
    """Labelled texts as what a vocabulary counts in them.

    Attributes
    ----------
    counts
        float32, shape (n, k + marks).
    labels, weights, domains
        As in `Examples`, shape (n,).
    names
        Of the data sets.
    """

    vocabulary: Vocabulary
    counts: csr_matrix
    labels: BoolArray
    weights: FloatArray
    domains: IntArray
    names: Sequence[str]

    def rows(self, chosen: IntArray) -> "Counted":
        """Keep some of the texts."""
        return replace(
            self,
            counts=self.counts[chosen],
            labels=self.labels[chosen],
            weights=self.weights[chosen],
            domains=self.domains[chosen],
        )

    def best(self, most: int) -> IntArray:
        """Choose the n-grams that tell the classes apart best, by chi-squared (Yang and Pedersen 1997).

        Returns
        -------
        IntArray
            Columns, ascending; those of the marks among them.
        """
        k = len(self.vocabulary.used)
        chosen = np.sort(np.argsort(-chi2(self.counts[:, :k], self.labels)[0], kind="stable")[:most])
        return np.concatenate([chosen, np.arange(k, self.counts.shape[1])])

    def columns(self, chosen: IntArray) -> "Counted":
        """Keep some of the n-grams, and all marks."""
        used = self.vocabulary.used
        smaller = replace(self.vocabulary, used=used[chosen[chosen < len(used)]])
        return replace(self, vocabulary=smaller, counts=self.counts[:, chosen])


@dataclass(frozen=True)
class Weighting:
    """What a count is worth.

    Attributes
    ----------
    idf_steps
        Inverse document frequency of each n-gram, of 255 the largest, shape (k,); None where counts stay
        counts. A row of TF-IDF has length 1, so the unit does not matter, and a byte is exact enough: it is
        rounded before anything is learned with it.
    """

    idf_steps: npt.NDArray[np.uint8] | None
    marks: int

    @classmethod
    def learn(cls, kind: str, counts: csr_matrix, marks: int) -> "Weighting":
        """Learn from the counts of a corpus, whose last `marks` columns are marks."""
        if kind == COUNTS:
            return cls(None, marks)
        n, k = counts.shape[0], counts.shape[1] - marks
        frequency = np.bincount(counts.indices, minlength=k)[:k]
        # As scikit-learn has it: as if one more text held every n-gram.
        idf = np.log((1 + n) / (1 + frequency)) + 1
        return cls(np.rint(idf * (np.iinfo(np.uint8).max / idf.max(initial=1))).astype(np.uint8), marks)

    def matrix(self, counts: csr_matrix) -> csr_matrix:
        """Weigh counts: float32, of the same shape.

        A mark becomes log(1 + count) / 4, which is about what a word weighs in a tweet. All is computed in
        single precision, as the graph does: a tree's comparison must not turn by a rounding.
        """
        width = counts.shape[1] - self.marks
        is_ngram = counts.indices < width
        data = counts.data.astype(np.float32)
        if self.idf_steps is not None:
            rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))[is_ngram]
            steps = self.idf_steps[counts.indices[is_ngram]].astype(np.float32)
            squared = np.bincount(rows, weights=steps.astype(np.float64) ** 2, minlength=counts.shape[0])
            data[is_ngram] = steps / np.sqrt(squared.astype(np.float32))[rows]
        data[~is_ngram] = np.log1p(data[~is_ngram]) * MARK_UNIT
        return csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)


MARK_UNIT = np.float32(0.25)


@dataclass(frozen=True)
class Features:
    """Both stages."""

    vocabulary: Vocabulary
    weighting: Weighting

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        """Features of texts: float32, shape (n, k + marks)."""
        return self.weighting.matrix(self.vocabulary.counts(texts))


def nb_ratios(counts: csr_matrix, labels: BoolArray, weights: FloatArray, marks: int) -> FloatArray:
    """Naive Bayes log-count ratio of each column; 1 for marks.

    Notes
    -----
    Wang and Manning 2012, "Baselines and Bigrams", section 2.3, with presence and a smoothing of 1.
    """
    k = counts.shape[1] - marks
    presence = csr_matrix((np.ones(len(counts.data)), counts.indices, counts.indptr), shape=counts.shape)
    positive, negative = (1 + np.asarray(presence.T @ (weights * side))[:k] for side in (labels, ~labels))
    ratio = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
    return np.concatenate([ratio, np.ones(marks)])
