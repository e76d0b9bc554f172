"""Measures how good probabilities are: one function a figure."""

import numpy as np
from numpy.typing import NDArray

from sentiment_training.errors import EmptyDatasetError, OneClassError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

# Probabilities of exactly 0 or 1 would cost infinitely much.
SMALLEST_PROBABILITY = 1e-7


def roc_auc(probability: FloatArray, label: BoolArray) -> float:
    """Chance that a positive row has a higher probability than a negative one, ties counting half.

    Notes
    -----
    By rank sums: Mann and Whitney 1947; Hanley and McNeil 1982.
    """
    require_two_classes(label)
    _, inverse, counts = np.unique(probability, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    positives = int(label.sum())
    rank_sum = mean_rank[inverse[label]].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * (len(label) - positives)))


def average_precision(probability: FloatArray, label: BoolArray) -> float:
    """Precision averaged over the recalls at which it changes, without interpolation.

    Notes
    -----
    As scikit-learn's: sum over thresholds of (recall gained) times precision.
    """
    require_two_classes(label)
    _, inverse = np.unique(probability, return_inverse=True)
    positive = np.bincount(inverse, weights=label)[None, :].astype(np.float64)
    negative = np.bincount(inverse, weights=~label)[None, :].astype(np.float64)
    return float(average_precision_of_counts(negative, positive)[0])


def expected_calibration_error(probability: FloatArray, label: BoolArray, bins: int = 15) -> float:
    """Mean gap between the probability of *positive* and its frequency, weighted by how often it occurs.

    Parameters
    ----------
    probability
        Of *positive*, shape (n,), each in [0, 1].
    label
        True where positive, shape (n,).
    bins
        Equal-mass bins; fewer where n is small or many probabilities are equal, which stay together.

    Raises
    ------
    EmptyDatasetError
        If n is 0.

    Notes
    -----
    Guo et al. 2017, equation 3, with equal-mass instead of equal-width bins (Nixon et al. 2019).
    """
    p = np.asarray(probability, dtype=np.float64)
    if len(p) == 0:
        raise EmptyDatasetError("no row to measure; give a file with labelled texts")
    which = equal_mass_bins(p, bins)
    gaps = np.bincount(which, weights=p) - np.bincount(which, weights=label)
    return float(np.abs(gaps).sum() / len(p))


def log_loss(probability: FloatArray, label: BoolArray) -> float:
    """Mean of minus the natural logarithm of the probability given to the true label."""
    return float(losses(probability, label).mean())


def calibration_curve(
    probability: FloatArray, label: BoolArray, bins: int = 15
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Mean probability, frequency of *positive* and number of rows of each equal-mass bin."""
    which = equal_mass_bins(np.asarray(probability, dtype=np.float64), bins)
    counts = np.bincount(which)
    return (
        np.bincount(which, weights=probability) / counts,
        np.bincount(which, weights=label) / counts,
        counts,
    )


def require_two_classes(label: BoolArray) -> None:
    """Raise EmptyDatasetError or OneClassError where nothing can be measured."""
    if len(label) == 0:
        raise EmptyDatasetError("no row to measure; give a file with labelled texts")
    if label.all() or not label.any():
        raise OneClassError("all rows have the same label; give a file with negative and positive texts")


def equal_mass_bins(p: FloatArray, bins: int) -> IntArray:
    """Number the rows by bins of about equal size, ascending; equal probabilities share one."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    # Numbered without holes, so that no bin is empty.
    return np.unique(np.searchsorted(edges, p, side="right"), return_inverse=True)[1].astype(np.int64)


def losses(probability: FloatArray, label: BoolArray) -> FloatArray:
    """Minus the natural logarithm of the probability given to each row's true label."""
    p = np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return -np.log(np.where(label, p, 1 - p))


def average_precision_of_counts(negative: FloatArray, positive: FloatArray) -> FloatArray:
    """Average precision of each row of counts; columns are distinct probabilities, ascending."""
    # From the highest probability down: what is predicted positive at each threshold.
    hits = np.cumsum(positive[:, ::-1], axis=1)
    all_predicted = hits + np.cumsum(negative[:, ::-1], axis=1)
    precision = hits / np.maximum(all_predicted, 1)
    gained = positive[:, ::-1] / np.maximum(hits[:, -1:], 1)
    average: FloatArray = (precision * gained).sum(axis=1)
    return average
