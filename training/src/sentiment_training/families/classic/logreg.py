"""Logistic regression on counted or TF-IDF weighted n-grams."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sentiment_training.errors import OptionError
from sentiment_training.families.classic.expert import Expert, checked_kind
from sentiment_training.families.classic.family import ClassicModel, FromCounts
from sentiment_training.families.classic.features import CHARACTER, Counted
from sentiment_training.families.classic.linear import LINEAR_OPTIONS, LinearModel, LinearOptions
from sentiment_training.families.classic.preparation import Preparation
from sentiment_training.families.family import Examples, FloatArray, Number, Text, Trial, Work

# Of the largest gradient, which is a mean over all tweets. A handful of Newton steps reach it on a million of
# them; L-BFGS takes several times as long and ends wherever its iterations run out: two figures then differ
# by half a point for no reason. (It alone tells how far it is, so that a bar could move.)
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class LogregOptions(LinearOptions):
    """Every choice of this family. The defaults are what did best on unseen tweets (docs/figures.md)."""

    c: float = 1.0
    max_iter: int = 100
    expert: str = ""


_OPTIONS = LINEAR_OPTIONS | {
    "c": Number(float, 1e-4, 1e4, "inverse strength of the L2 penalty"),
    "max_iter": Number(int, 1, 10_000, "Newton steps at most"),
    "expert": Text(
        "data set (its name) whose texts are told apart from all others, and read by weights of their own"
    ),
}


class LogregFamily(FromCounts[LogregOptions]):
    """Logistic regression."""

    name = "logreg"
    needs_validation = False
    defaults = LogregOptions()
    known = _OPTIONS

    def suggest(self, trial: Trial, _fixed: Mapping[str, str], /) -> Mapping[str, str]:
        """Choose options for one trial of a search."""
        return {
            "features": trial.suggest_categorical("features", ("counts", "tfidf")),
            "ngrams": str(trial.suggest_int("ngrams", 1, 3)),
            "min_count": str(trial.suggest_int("min_count", 1, 5)),
            "nb_weights": trial.suggest_categorical("nb_weights", ("false", "true")),
            "c": str(trial.suggest_float("c", 0.01, 30, log=True)),
        }

    def check(self, options: Mapping[str, str]) -> None:
        """Raise OptionError if `fit` would not take these options."""
        super().check(options)
        chosen = self.chosen(options)
        if chosen.expert and chosen.analyzer == CHARACTER:
            raise OptionError("an expert reads words: give it analyzer=word, or leave one of the two out")

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> ClassicModel:
        """Count, and learn from the counts."""
        self.check(options)
        if expert := self.chosen(options).expert:
            checked_kind(expert, train.names)
        return super().fit(train, validation, options, work)

    def fit_counted(
        self,
        train: Counted,
        validation: Counted | None,  # noqa: ARG002 - nothing here is chosen by it
        options: Mapping[str, str],
        work: Work,
    ) -> LinearModel:
        """Train on what was counted."""
        chosen = self.chosen(options)
        own = np.zeros(len(train.labels), np.bool_)
        if chosen.expert:
            own = train.domains == checked_kind(chosen.expert, train.names)
        with work.progress.step("features"):
            preparation = Preparation.learn(chosen, train, nb_weights=chosen.nb_weights)
            matrix = preparation.weighed(train.counts)
        estimator = LogisticRegression(
            solver="newton-cg", C=chosen.c, max_iter=chosen.max_iter, tol=_TOLERANCE, random_state=work.seed
        )
        with work.progress.step("fit"), warnings.catch_warnings():
            # The limit is a choice: iterations past it change the third decimal of a probability.
            warnings.simplefilter("ignore", ConvergenceWarning)
            estimator.fit(
                matrix[~own] if chosen.expert else matrix,
                train.labels[~own],
                sample_weight=train.weights[~own],
            )
        estimator.coef_ = preparation.rounded(estimator.coef_[0])[np.newaxis]
        expert = None
        if chosen.expert:
            with work.progress.step("expert"):
                general = estimator.decision_function(matrix[own])
                expert = Expert.learn(train, own, general, chosen.char_ngrams, work.seed)
        return LinearModel(self.name, chosen, preparation, LogregClassifier(estimator), expert)


@dataclass(frozen=True)
class LogregClassifier:
    """scikit-learn's logistic regression, fitted."""

    estimator: LogisticRegression
    slope: float = 1.0

    @property
    def weights(self) -> FloatArray:
        """One a feature."""
        return np.asarray(self.estimator.coef_[0], np.float64)

    @property
    def intercept(self) -> float:
        """Log-odds of a text without features."""
        return float(self.estimator.intercept_[0])

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """What came of the fit."""
        return {"iterations": int(self.estimator.n_iter_[0])}

    def probabilities(self, features: csr_matrix) -> FloatArray:
        """Score by scikit-learn."""
        return np.asarray(self.estimator.predict_proba(features)[:, 1], np.float64)
