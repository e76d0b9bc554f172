"""What the linear families learn before the classifier: features, and what each is worth.

Weights leave training in half precision; the rounded ones are what scikit-learn is measured with, so the
file is a third as large and the bundle still agrees with its trainer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack

from sentiment_training.families.classic.features import (
    BOTH,
    TFIDF,
    Counted,
    FeatureOptions,
    Features,
    Weighting,
    nb_ratios,
)
from sentiment_training.families.classic.spelling import Spelling
from sentiment_training.families.family import FloatArray

_HALF_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Preparation:
    """What was learned before the classifier: features, and how much each is worth to it.

    Attributes
    ----------
    ratios
        Naive Bayes log-count ratios, shape (k + marks,); all 1 where they are not wanted.
    spelling
        Adds character n-grams in columns after the marks; None where they are not wanted.
    """

    features: Features
    ratios: FloatArray
    spelling: Spelling | None

    @classmethod
    def learn(cls, options: FeatureOptions, train: Counted, *, nb_weights: bool = False) -> "Preparation":
        """Learn from what was counted in a corpus."""
        kind, marks = options.features, train.vocabulary.mark_columns
        weighting = Weighting.learn(kind, train.counts, marks)
        ratios = (
            nb_ratios(train.counts, train.labels, train.weights, marks)
            if nb_weights
            else np.ones(train.counts.shape[1])
        )
        spelling = None
        if options.analyzer == BOTH:
            spelling = Spelling.of(train.vocabulary, options.char_ngrams, unit=kind == TFIDF)
        return cls(Features(train.vocabulary, weighting), ratios, spelling)

    def weighed(self, counts: csr_matrix) -> csr_matrix:
        """Weigh counts: float64, for with less a solver stops at a third of its way."""
        matrix = self.features.weighting.matrix(counts).astype(np.float64)
        matrix.data *= self.ratios[matrix.indices]
        if self.spelling is None:
            return matrix
        return hstack([matrix, self.spelling.block(counts)], format="csr", dtype=np.float64)

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        """Features of texts."""
        return self.weighed(self.features.vocabulary.counts(texts))

    @property
    def units(self) -> FloatArray:
        """What the graph multiplies each weight by, shape (k + marks + spelling,)."""
        steps = self.features.weighting.idf_steps
        units = self.ratios.copy()
        if steps is not None:
            units[: len(steps)] *= steps
        return units if self.spelling is None else np.append(units, np.ones(self.spelling.columns))

    def rounded(self, weights: FloatArray) -> FloatArray:
        """Return the weights that the served file holds in half precision."""
        units = self.units
        product = np.clip(units * weights, -_HALF_LARGEST, _HALF_LARGEST)
        k = len(self.features.vocabulary.used)
        product[:k] = product[:k].astype(np.float16)
        return np.divide(product, units, out=np.zeros(len(units)), where=units != 0)
