"""Metrics agree with scikit-learn, whatever the data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from sentiment_training.errors import EmptyDatasetError, OneClassError
from sentiment_training.metrics import (
    average_precision,
    calibration_curve,
    expected_calibration_error,
    log_loss,
    roc_auc,
)
from sentiment_training.scores import scores, wilson

# Few distinct values, so that ties are common.
probability_and_label = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0]) | st.floats(0, 1), st.booleans()),
    min_size=2,
    max_size=60,
).filter(lambda rows: len({label for _, label in rows}) == 2)


def arrays(rows: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    probability, label = zip(*rows, strict=True)
    return np.array(probability), np.array(label)


@given(probability_and_label)
def test_every_figure_is_scikit_learns(rows: list[tuple[float, bool]]) -> None:
    p, y = arrays(rows)
    predicted = p >= 0.5

    measured = {name: each.value for name, each in scores(p, y).estimates().items()}

    expected = {
        "accuracy": sklearn_metrics.accuracy_score(y, predicted),
        "precision": sklearn_metrics.precision_score(y, predicted, zero_division=0),
        "recall": sklearn_metrics.recall_score(y, predicted),
        "f1": sklearn_metrics.f1_score(y, predicted, zero_division=0),
        "roc_auc": sklearn_metrics.roc_auc_score(y, p),
        "average_precision": sklearn_metrics.average_precision_score(y, p),
        "log_loss": sklearn_metrics.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7)),
    }
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, abs=1e-9), name


@given(probability_and_label)
def test_every_interval_holds_its_figure_and_stays_in_range(rows: list[tuple[float, bool]]) -> None:
    measured = scores(*arrays(rows))

    for name, each in measured.estimates().items():
        assert 0 <= each.low <= each.value <= each.high, name
        assert each.high <= 1 or name == "log_loss"


@given(probability_and_label)
def test_the_confusion_counts_every_row_once(rows: list[tuple[float, bool]]) -> None:
    measured = scores(*arrays(rows))
    confusion = measured.confusion

    assert measured.n == len(rows)
    assert measured.n == (
        confusion.true_negative
        + confusion.true_positive
        + confusion.false_negative
        + confusion.false_positive
    )


@given(probability_and_label, st.integers(0, 5))
def test_the_order_of_rows_changes_nothing(rows: list[tuple[float, bool]], seed: int) -> None:
    p, y = arrays(rows)
    shuffled = np.random.default_rng(seed).permutation(len(p))

    for measure in (roc_auc, average_precision, expected_calibration_error, log_loss):
        assert measure(p[shuffled], y[shuffled]) == pytest.approx(measure(p, y), abs=1e-12)


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    p = np.array([0.2] * 10 + [0.8] * 10)
    y = np.array([True] * 4 + [False] * 6 + [True] * 7 + [False] * 3)

    assert expected_calibration_error(p, y) == pytest.approx((0.2 + 0.1) / 2)


def test_well_calibrated_probabilities_have_almost_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(100_000)

    assert expected_calibration_error(p, rng.random(100_000) < p) < 0.01


def test_bins_hold_about_equally_many_rows() -> None:
    rng = np.random.default_rng(0)
    p = rng.beta(0.3, 0.3, 3000)

    _, _, counts = calibration_curve(p, rng.random(3000) < p)

    assert len(counts) == 15
    assert set(counts.tolist()) == {200}


@pytest.mark.parametrize(("hits", "n", "low", "high"), [(0, 10, 0.0, 0.2775), (81, 263, 0.2553, 0.3662)])
def test_wilson_gives_the_published_intervals(hits: int, n: int, low: float, high: float) -> None:
    # Newcombe 1998, table I, method 3.
    estimate = wilson(hits, n)

    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-5)


def test_bootstrapped_intervals_are_as_wide_as_those_of_resampled_rows() -> None:
    rng = np.random.default_rng(3)
    n = 6000
    z = rng.normal(size=n) * 2
    y = rng.random(n) < 1 / (1 + np.exp(-z))
    p = 1 / (1 + np.exp(-1.4 * z))
    drawn = [rng.integers(0, n, n) for _ in range(200)]

    measured = scores(p, y).estimates()

    for name, measure in (
        ("roc_auc", roc_auc),
        ("average_precision", average_precision),
        ("log_loss", log_loss),
    ):
        low, high = np.quantile([measure(p[rows], y[rows]) for rows in drawn], [0.025, 0.975])
        width = measured[name].high - measured[name].low
        assert width == pytest.approx(high - low, rel=0.3), name


def test_nothing_and_one_class_are_refused() -> None:
    with pytest.raises(EmptyDatasetError):
        scores(np.array([]), np.array([], dtype=bool))
    with pytest.raises(OneClassError):
        scores(np.array([0.1, 0.9]), np.array([True, True]))
