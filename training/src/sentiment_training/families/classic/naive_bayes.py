"""Multinomial naive Bayes on counted or TF-IDF weighted n-grams.

There are no NB-weighted features here: they are this classifier's own evidence, which would count twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.naive_bayes import MultinomialNB

from sentiment_training.families.classic.family import FromCounts
from sentiment_training.families.classic.features import (
    FEATURE_OPTIONS,
    Counted,
    FeatureOptions,
)
from sentiment_training.families.classic.linear import BOTH_ANALYZERS, LinearModel
from sentiment_training.families.classic.preparation import Preparation
from sentiment_training.families.family import (
    FloatArray,
    Number,
    Trial,
    Work,
)


@dataclass(frozen=True)
class NaiveBayesOptions(FeatureOptions):
    """Every choice of this family."""

    alpha: float = 1.0


_OPTIONS = (
    FEATURE_OPTIONS | BOTH_ANALYZERS | {"alpha": Number(float, 1e-4, 1e3, "smoothing: added to every count")}
)


class NaiveBayesFamily(FromCounts[NaiveBayesOptions]):
    """Multinomial naive Bayes."""

    name = "nb"
    needs_validation = False
    defaults = NaiveBayesOptions()
    known = _OPTIONS

    def suggest(self, trial: Trial, _fixed: Mapping[str, str], /) -> Mapping[str, str]:
        """Choose options for one trial of a search."""
        return {
            "features": trial.suggest_categorical("features", ("counts", "tfidf")),
            "ngrams": str(trial.suggest_int("ngrams", 1, 3)),
            "min_count": str(trial.suggest_int("min_count", 1, 5)),
            "alpha": str(trial.suggest_float("alpha", 0.01, 10, log=True)),
        }

    def fit_counted(
        self,
        train: Counted,
        validation: Counted | None,  # noqa: ARG002 - nothing here is chosen by it
        options: Mapping[str, str],
        work: Work,
    ) -> LinearModel:
        """Train on what was counted."""
        chosen = self.chosen(options)
        with work.progress.step("fit"):
            preparation = Preparation.learn(chosen, train)
            estimator = MultinomialNB(alpha=chosen.alpha)
            estimator.fit(preparation.weighed(train.counts), train.labels, sample_weight=train.weights)
        negative, positive = estimator.feature_log_prob_
        # Only their difference decides.
        estimator.feature_log_prob_ = np.stack(
            [negative, negative + preparation.rounded(positive - negative)]
        )
        return LinearModel(self.name, chosen, preparation, NaiveBayesClassifier(estimator))


@dataclass(frozen=True)
class NaiveBayesClassifier:
    """scikit-learn's multinomial naive Bayes, fitted: with two classes it is linear in the features."""

    estimator: MultinomialNB
    slope: float = 1.0

    @property
    def weights(self) -> FloatArray:
        """One a feature."""
        negative, positive = self.estimator.feature_log_prob_
        return np.asarray(positive - negative, np.float64)

    @property
    def intercept(self) -> float:
        """Log-odds of a text without features."""
        negative, positive = self.estimator.class_log_prior_
        return float(positive - negative)

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """What came of the fit."""
        return {}

    def probabilities(self, features: csr_matrix) -> FloatArray:
        """Score by scikit-learn."""
        return np.asarray(self.estimator.predict_proba(features)[:, 1], np.float64)
