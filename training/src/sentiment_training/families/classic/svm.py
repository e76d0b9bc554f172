"""Linear SVM on counted or TF-IDF weighted n-grams, calibrated on validation rows (Platt 1999)."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.svm import LinearSVC

from sentiment_training.errors import OptionError
from sentiment_training.families.classic.family import FromCounts
from sentiment_training.families.classic.features import Counted, Vocabulary
from sentiment_training.families.classic.linear import LINEAR_OPTIONS, LinearModel, LinearOptions
from sentiment_training.families.classic.preparation import Preparation
from sentiment_training.families.family import (
    Examples,
    FloatArray,
    Number,
    Trial,
    Work,
)

# Two numbers are fitted, and the folds of scikit-learn's calibration must each have both labels.
_FEWEST_TO_CALIBRATE = 2


@dataclass(frozen=True)
class SvmOptions(LinearOptions):
    """Every choice of this family."""

    c: float = 0.1
    max_iter: int = 100


_OPTIONS = LINEAR_OPTIONS | {
    "c": Number(float, 1e-4, 1e4, "inverse strength of the L2 penalty"),
    "max_iter": Number(int, 1, 10_000, "passes of liblinear over the rows at most"),
}


class SvmFamily(FromCounts[SvmOptions]):
    """Linear support vector machine, calibrated."""

    name = "svm"
    needs_validation = True
    defaults = SvmOptions()
    known = _OPTIONS

    def suggest(self, trial: Trial, _fixed: Mapping[str, str], /) -> Mapping[str, str]:
        """Choose options for one trial of a search."""
        return {
            "features": trial.suggest_categorical("features", ("counts", "tfidf")),
            "ngrams": str(trial.suggest_int("ngrams", 1, 3)),
            "min_count": str(trial.suggest_int("min_count", 1, 5)),
            "nb_weights": trial.suggest_categorical("nb_weights", ("false", "true")),
            "c": str(trial.suggest_float("c", 0.001, 3, log=True)),
        }

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> LinearModel:
        """Train on `train`, calibrate on `validation`."""
        chosen = self.chosen(options)
        if np.bincount(validation.labels, minlength=2).min() < _FEWEST_TO_CALIBRATE:
            raise OptionError(
                f"svm is calibrated on validation rows, at least {_FEWEST_TO_CALIBRATE} of each label; there "
                f"are {int(validation.labels.sum())} positive ones of {len(validation)}: give more data"
            )
        counted = Vocabulary.learn(train, chosen, work.progress)
        return self.fit_counted(counted, counted.vocabulary.counted(validation), options, work)

    def fit_counted(
        self, train: Counted, validation: Counted | None, options: Mapping[str, str], work: Work
    ) -> LinearModel:
        """Train and calibrate on what was counted."""
        if validation is None:
            raise OptionError("svm is calibrated on validation rows, and was given none")
        chosen = self.chosen(options)
        with work.progress.step("features"):
            preparation = Preparation.learn(chosen, train, nb_weights=chosen.nb_weights)
            matrix = preparation.weighed(train.counts)
        # The dual by coordinate descent, however many columns there are: the primal's solver takes minutes.
        svm = LinearSVC(C=chosen.c, max_iter=chosen.max_iter, dual=True, random_state=work.seed)
        with work.progress.step("fit"), warnings.catch_warnings():
            # The limit is a choice: passes past it turn very few answers.
            warnings.simplefilter("ignore", ConvergenceWarning)
            svm.fit(matrix, train.labels, sample_weight=train.weights)
        svm.coef_ = preparation.rounded(svm.coef_[0])[np.newaxis]
        with work.progress.step("calibrate"), warnings.catch_warnings():
            # It says that the weights reach the calibration alone, which is all that is fitted here.
            warnings.filterwarnings("ignore", message="Since FrozenEstimator does not appear to accept")
            calibrated = CalibratedClassifierCV(FrozenEstimator(svm), method="sigmoid", cv=2, ensemble=False)
            calibrated.fit(
                preparation.weighed(validation.counts), validation.labels, sample_weight=validation.weights
            )
        return LinearModel(self.name, chosen, preparation, SvmClassifier(calibrated))


@dataclass(frozen=True)
class SvmClassifier:
    """scikit-learn's calibrated linear SVM: probability = sigmoid(-(a·decision + b))."""

    estimator: CalibratedClassifierCV

    @property
    def _svm(self) -> LinearSVC:
        return self.estimator.estimator.estimator

    @property
    def weights(self) -> FloatArray:
        """One a feature."""
        return np.asarray(self._svm.coef_[0], np.float64)

    @property
    def slope(self) -> float:
        """What calibration multiplies by."""
        return -float(self._calibrator.a_)

    @property
    def intercept(self) -> float:
        """Log-odds of a text without features."""
        return self.slope * float(self._svm.intercept_[0]) - float(self._calibrator.b_)

    @property
    def _calibrator(self) -> Any:  # noqa: ANN401 - scikit-learn ships no types
        return self.estimator.calibrated_classifiers_[0].calibrators[0]

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """What came of the fit."""
        return {"iterations": int(np.max(self._svm.n_iter_)), "calibration": "sigmoid"}

    def probabilities(self, features: csr_matrix) -> FloatArray:
        """Score by scikit-learn."""
        return np.asarray(self.estimator.predict_proba(features)[:, 1], np.float64)
