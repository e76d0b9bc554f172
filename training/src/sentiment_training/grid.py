"""The classic grid: four families, each on counts and on TF-IDF, compared by cross-validation.

Within a fold texts are cut and counted once, and all models share it. The forest takes its best n-grams from
what the others see too; refitted, it counts by its own defaults, which hold fewer rare ones.
"""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import MappingProxyType

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.utils.parallel import Parallel, delayed

from sentiment_training.errors import OptionError
from sentiment_training.families import Examples, Work
from sentiment_training.families.classic import CLASSIC
from sentiment_training.families.classic.features import (
    COUNTS,
    FEATURE_OPTIONS,
    TFIDF,
    Counted,
    FeatureOptions,
    Vocabulary,
    check_features,
)
from sentiment_training.families.family import IntArray, parse_options
from sentiment_training.machine import usable_cores
from sentiment_training.metrics import average_precision, roc_auc
from sentiment_training.progress import Progress, SilentProgress

# Precision, recall and F1 are about *positive*.
METRICS = ("precision", "accuracy", "recall", "f1", "roc_auc", "average_precision")

# Of each fold's training rows, for families that choose or calibrate by rows apart.
_VALIDATION_SHARE = 0.1

_THRESHOLD = 0.5
_WATCH_S = 2.0

# A candidate's number, a fold's number, seconds of the fit, metrics.
_Measured = tuple[int, int, float, Mapping[str, float]]

# What is tried of each model. The longest first: a core that ends early finds something short to do.
_TRIED: Mapping[tuple[str, str], Sequence[Mapping[str, str]]] = MappingProxyType(
    {
        ("forest", COUNTS): [{"leaf_rows": "2"}],
        ("forest", TFIDF): [{"leaf_rows": "2"}],
        ("logreg", COUNTS): [{"c": "0.03"}, {"c": "0.1"}, {"c": "0.3"}],
        ("logreg", TFIDF): [{"c": "1"}, {"c": "3"}, {"c": "10"}],
        ("svm", COUNTS): [{"c": "0.003"}, {"c": "0.01"}, {"c": "0.03"}],
        ("svm", TFIDF): [{"c": "0.1"}, {"c": "0.3"}, {"c": "1"}],
        ("nb", COUNTS): [{"alpha": "0.3"}, {"alpha": "1"}, {"alpha": "3"}],
        ("nb", TFIDF): [{"alpha": "0.3"}, {"alpha": "1"}, {"alpha": "3"}],
    }
)


@dataclass(frozen=True)
class Candidate:
    """A model of the grid with one choice of its options.

    Attributes
    ----------
    tried
        What this candidate has chosen beside the features.
    """

    family: str
    features: str
    tried: Mapping[str, str]

    @property
    def name(self) -> str:
        """Family and features."""
        return f"{self.family} {self.features}"

    @property
    def shown(self) -> str:
        """What was tried, as it is typed."""
        return " ".join(f"{key}={value}" for key, value in self.tried.items())


@dataclass(frozen=True)
class Outcome:
    """How a candidate did over all folds.

    Attributes
    ----------
    folds
        Metric → its value in each fold, shape (folds,).
    seconds
        One fit, on average.
    """

    candidate: Candidate
    folds: Mapping[str, Sequence[float]]
    seconds: float

    def mean(self, metric: str) -> float:
        """Mean over the folds."""
        return float(np.mean(self.folds[metric]))

    def spread(self, metric: str) -> float:
        """Standard deviation between the folds."""
        return float(np.std(self.folds[metric]))


def check_grid(options: Mapping[str, str], metric: str) -> FeatureOptions:
    """Read the options of the features.

    Raises
    ------
    OptionError
        If the grid would not take these options, or there is no such metric.
    """
    if metric not in METRICS:
        raise OptionError(f"there is no metric {metric!r}; choose one of {', '.join(METRICS)}")
    if "features" in options:
        raise OptionError("the grid tries counts and tfidf itself; leave features out")
    chosen = parse_options(FeatureOptions(), FEATURE_OPTIONS, options)
    check_features(chosen)
    return chosen


def cross_validate(
    rows: Examples,
    options: FeatureOptions,
    *,
    folds: int,
    seed: int,
    jobs: int,
    progress: Progress,
) -> list[Outcome]:
    """Fit every candidate on every fold.

    Parameters
    ----------
    options
        Of the features, the same for all.
    jobs
        Processes at once; no more than there are cores.
    """
    candidates = [Candidate(*model, tried) for model, every in _TRIED.items() for tried in every]
    # Stratified by data set too: each fold has its share of every domain.
    strata = rows.domains * 2 + rows.labels
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    counted = []
    with progress.step("count", folds) as advance:
        for learned, measured in splitter.split(strata, strata):
            counted.append(_Fold.of(rows, learned, measured, options, seed))
            advance()
    here = os.getpid()
    tasks = [
        delayed(_measured)(number, at, candidate, fold, seed, here)
        for (number, candidate), (at, fold) in product(enumerate(candidates), enumerate(counted))
    ]
    results: dict[tuple[int, int], tuple[float, Mapping[str, float]]] = {}
    work = Parallel(n_jobs=min(jobs, usable_cores()), return_as="generator_unordered")
    with progress.step("cross-validate", len(tasks)) as advance:
        # Large arrays reach the processes through one file that all of them map.
        for number, at, seconds, metrics in work(tasks):
            results[number, at] = seconds, metrics
            advance()
    return [
        Outcome(
            candidate,
            {name: [results[number, at][1][name] for at in range(folds)] for name in METRICS},
            float(np.mean([results[number, at][0] for at in range(folds)])),
        )
        for number, candidate in enumerate(candidates)
    ]


def best_of_each(outcomes: Sequence[Outcome], metric: str) -> list[Outcome]:
    """Keep the best choice of each model, the best model first."""
    best: dict[str, Outcome] = {}
    for each in sorted(outcomes, key=lambda outcome: -outcome.mean(metric)):
        best.setdefault(each.candidate.name, each)
    return list(best.values())


@dataclass(frozen=True)
class _Fold:
    """What a fold learns from and is measured on, counted. A part of what it learns is also kept apart."""

    learned: Counted
    without_apart: Counted
    apart: Counted
    measured: Counted

    @classmethod
    def of(
        cls, rows: Examples, learned: IntArray, measured: IntArray, options: FeatureOptions, seed: int
    ) -> "_Fold":
        counted = Vocabulary.learn(rows.chosen(learned), options, SilentProgress())
        kept, apart = train_test_split(
            np.arange(len(learned)), test_size=_VALIDATION_SHARE, stratify=counted.labels, random_state=seed
        )
        return cls(
            counted,
            counted.rows(np.sort(kept)),
            counted.rows(np.sort(apart)),
            counted.vocabulary.counted(rows.chosen(measured)),
        )


def _measured(number: int, at: int, candidate: Candidate, fold: _Fold, seed: int, parent: int) -> _Measured:
    """Fit one candidate on one fold; runs in a process of its own, which ends with its parent."""
    if os.getpid() != parent:
        _end_with(parent)
    family = CLASSIC[candidate.family]
    started = time.perf_counter()
    model = family.fit_counted(
        fold.without_apart if family.needs_validation else fold.learned,
        fold.apart if family.needs_validation else None,
        {"features": candidate.features, **candidate.tried},
        Work(seed=seed),
    )
    seconds = time.perf_counter() - started
    probability, label = model.probabilities_of(fold.measured), fold.measured.labels
    predicted = probability >= _THRESHOLD
    return (
        number,
        at,
        seconds,
        {
            "precision": float(precision_score(label, predicted, zero_division=0)),
            "accuracy": float(accuracy_score(label, predicted)),
            "recall": float(recall_score(label, predicted)),
            "f1": float(f1_score(label, predicted)),
            "roc_auc": roc_auc(probability, label),
            "average_precision": average_precision(probability, label),
        },
    )


@cache
def _end_with(parent: int) -> None:
    """Watch the process that began this one: killed, it cannot say that nobody waits for an answer."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
