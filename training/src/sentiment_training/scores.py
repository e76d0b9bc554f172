"""All figures for one data set, each with its 95 % interval."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sentiment_training.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    average_precision,
    average_precision_of_counts,
    equal_mass_bins,
    expected_calibration_error,
    log_loss,
    losses,
    require_two_classes,
    roc_auc,
)

# The 97.5 % quantile of the normal distribution: 95 % lie between it and its mirror image.
Z_95 = 1.959963984540054
REPLICATES = 1000
# Resampling counts of cells instead of rows costs the same for 140,000 rows as for 2,000.
CELLS = 2000
CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Estimate:
    """A figure and the interval that holds its true value in 95 of 100 such samples."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Confusion:
    """How many rows of each label were taken for which."""

    true_negative: int
    false_positive: int
    false_negative: int
    true_positive: int


@dataclass(frozen=True)
class Scores:
    """All figures for one data set; *positive* is the class that precision and recall are about."""

    n: int
    confusion: Confusion
    accuracy: Estimate
    precision: Estimate
    recall: Estimate
    f1: Estimate
    roc_auc: Estimate
    average_precision: Estimate
    ece: Estimate
    log_loss: Estimate

    def estimates(self) -> dict[str, Estimate]:
        """Every figure that has an interval, by name, in the order in which tables show them."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: each for name, each in named.items() if isinstance(each, Estimate)}


def scores(
    probability: NDArray[np.floating], label: BoolArray, threshold: float = 0.5, seed: int = 0
) -> Scores:
    """Measure predictions.

    Parameters
    ----------
    probability
        Of *positive*, shape (n,), each in [0, 1].
    label
        True where positive, shape (n,).
    threshold
        *positive* is predicted from this probability on.
    seed
        Of the bootstrap.

    Raises
    ------
    EmptyDatasetError
        If n is 0.
    OneClassError
        If all labels are the same.

    Notes
    -----
    Accuracy, precision and recall are proportions: Wilson 1927. The others are bootstrapped (Efron 1979) over
    counts of cells, each holding rows of one label and of similar probability; at most 2,000 cells of equal
    mass, one a distinct probability where there are fewer. The replicates' quantiles, less their mean, are
    put around the figure itself, which removes the bootstrap's bias and the cells' rounding at once.
    """
    p = np.asarray(probability, dtype=np.float64)
    require_two_classes(label)
    predicted = p >= threshold
    confusion = Confusion(
        true_negative=int((~predicted & ~label).sum()),
        false_positive=int((predicted & ~label).sum()),
        false_negative=int((~predicted & label).sum()),
        true_positive=int((predicted & label).sum()),
    )
    cells = _Cells.of(p, label, threshold)
    negative, positive = cells.resampled(np.random.default_rng(seed))

    def around(value: float, replicates: FloatArray, most: float = 1.0) -> Estimate:
        low, high = value + np.quantile(replicates, [0.025, 0.975]) - replicates.mean()
        return Estimate(value, float(np.clip(low, 0, value)), float(np.clip(high, value, most)))

    return Scores(
        n=len(p),
        confusion=confusion,
        accuracy=wilson(confusion.true_positive + confusion.true_negative, len(p)),
        precision=wilson(confusion.true_positive, confusion.true_positive + confusion.false_positive),
        recall=wilson(confusion.true_positive, confusion.true_positive + confusion.false_negative),
        f1=around(_f1(confusion), cells.f1(negative, positive)),
        roc_auc=around(roc_auc(p, label), cells.roc_auc(negative, positive)),
        average_precision=around(average_precision(p, label), cells.average_precision(negative, positive)),
        ece=around(expected_calibration_error(p, label), cells.calibration_error(negative, positive)),
        log_loss=around(log_loss(p, label), cells.log_loss(negative, positive), most=np.inf),
    )


def wilson(hits: int, n: int) -> Estimate:
    """Give a proportion and its score interval (Wilson 1927); of nothing it is 0, and anything in [0, 1]."""
    if n == 0:
        return Estimate(0.0, 0.0, 1.0)
    share = hits / n
    middle = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 / (1 + Z_95**2 / n) * np.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n * n))
    # Rounding must not push an end past the share itself, where it is 0 or 1.
    return Estimate(
        share, float(min(max(middle - half, 0.0), share)), float(max(min(middle + half, 1.0), share))
    )


def _f1(confusion: Confusion) -> float:
    wrong = confusion.false_positive + confusion.false_negative
    hits = 2 * confusion.true_positive
    return hits / (hits + wrong) if hits + wrong else 0.0


@dataclass(frozen=True)
class _Cells:
    """Rows counted by similar probability (ascending) and label; arrays of shape (cells,)."""

    negative: FloatArray
    positive: FloatArray
    probability: FloatArray
    predicted: BoolArray
    negative_loss: FloatArray
    positive_loss: FloatArray
    bin: IntArray

    @classmethod
    def of(cls, p: FloatArray, label: BoolArray, threshold: float) -> "_Cells":
        distinct, which = np.unique(p, return_inverse=True)
        if len(distinct) > CELLS:
            # The threshold is an edge: no cell is predicted half positive.
            edges = np.union1d(np.quantile(p, np.linspace(0, 1, CELLS + 1)[1:-1]), [threshold])
            which = np.unique(np.searchsorted(edges, p, side="right"), return_inverse=True)[1]
        counts = np.bincount(which)
        negative, positive = (np.bincount(which, weights=each).astype(np.float64) for each in (~label, label))
        loss = losses(p, label)
        mean = np.bincount(which, weights=p) / counts
        lowest = np.full(len(counts), np.inf)
        np.minimum.at(lowest, which, p)
        bin_of_row = equal_mass_bins(p, CALIBRATION_BINS)
        bin_of_cell = np.zeros(len(counts), dtype=np.int64)
        bin_of_cell[which] = bin_of_row
        return cls(
            negative=negative,
            positive=positive,
            probability=mean,
            predicted=lowest >= threshold,
            negative_loss=np.bincount(which, weights=loss * ~label) / np.maximum(negative, 1),
            positive_loss=np.bincount(which, weights=loss * label) / np.maximum(positive, 1),
            bin=bin_of_cell,
        )

    def resampled(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw as many rows again, 1,000 times: negatives and positives of each cell, (replicates, cells)."""
        counts = np.concatenate([self.negative, self.positive])
        n = int(counts.sum())
        drawn = rng.multinomial(n, counts / n, size=REPLICATES).astype(np.float64)
        # A draw of one label only says nothing about ranks.
        negative, positive = drawn[:, : len(self.negative)], drawn[:, len(self.negative) :]
        both = (negative.sum(axis=1) > 0) & (positive.sum(axis=1) > 0)
        return negative[both], positive[both]

    def f1(self, negative: FloatArray, positive: FloatArray) -> FloatArray:
        hits = 2 * positive[:, self.predicted].sum(axis=1)
        wrong = negative[:, self.predicted].sum(axis=1) + positive[:, ~self.predicted].sum(axis=1)
        return np.asarray(hits / np.maximum(hits + wrong, 1), dtype=np.float64)

    def roc_auc(self, negative: FloatArray, positive: FloatArray) -> FloatArray:
        below = np.cumsum(negative, axis=1) - negative / 2
        pairs = negative.sum(axis=1) * positive.sum(axis=1)
        return np.asarray((below * positive).sum(axis=1) / pairs, dtype=np.float64)

    def average_precision(self, negative: FloatArray, positive: FloatArray) -> FloatArray:
        return average_precision_of_counts(negative, positive)

    def calibration_error(self, negative: FloatArray, positive: FloatArray) -> FloatArray:
        gap = (negative + positive) * self.probability - positive
        starts = np.flatnonzero(np.diff(self.bin, prepend=-1))
        n = (negative + positive).sum(axis=1)
        return np.asarray(np.abs(np.add.reduceat(gap, starts, axis=1)).sum(axis=1) / n, dtype=np.float64)

    def log_loss(self, negative: FloatArray, positive: FloatArray) -> FloatArray:
        n = (negative + positive).sum(axis=1)
        return np.asarray(
            (negative @ self.negative_loss + positive @ self.positive_loss) / n, dtype=np.float64
        )
