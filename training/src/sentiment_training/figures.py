"""Draws how a model did on a data set, as PNG files in one style."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from sentiment_training.metrics import BoolArray, FloatArray, calibration_curve
from sentiment_training.scores import Confusion, Estimate, Scores, wilson

INK, MUTED, GRID, BLUE, PALE = "#16202c", "#5b6b7c", "#e3e8ee", "#1667b7", "#eaf2fb"
STYLE: Any = {  # matplotlib types its settings as a dict of 300 literal keys
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 140,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": GRID,
    "lines.linewidth": 2.2,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}
SIZE_IN = (5.4, 4.9)
# More points than pixels only make the file larger.
POINTS = 600


def draw_figures(
    folder: Path, name: str, probability: FloatArray, label: BoolArray, scores: Scores
) -> list[Path]:
    """Draw the confusion matrix, the ROC, precision-recall and reliability curves of one data set.

    Parameters
    ----------
    folder
        Where the files go; is made.
    name
        Of the data set, for the titles.
    probability
        Of *positive*, shape (n,).
    label
        True where positive, shape (n,).
    scores
        Measured on the same rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = f"{name} · {scores.n:,} tweets"
    paths = []
    with mpl.rc_context(STYLE):
        for draw in (_confusion, _roc, _precision_recall, _reliability):
            figure = Figure(figsize=SIZE_IN, layout=ConstrainedLayoutEngine(w_pad=0.14, h_pad=0.14))
            FigureCanvasAgg(figure)
            draw(figure.add_subplot(), about, probability, label, scores)
            path = folder / f"{draw.__name__.removeprefix('_')}.png"
            figure.savefig(path)
            paths.append(path)
    return paths


def _titled(axes: Axes, title: str, about: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", pad=24)
    axes.text(0, 1.025, about, transform=axes.transAxes, color=MUTED, fontsize=9)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _unit_square(axes: Axes) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")


def _with_interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _confusion(axes: Axes, about: str, _probability: FloatArray, _label: BoolArray, scores: Scores) -> None:
    confusion: Confusion = scores.confusion
    counts = np.array(
        [
            [confusion.true_negative, confusion.false_positive],
            [confusion.false_negative, confusion.true_positive],
        ]
    )
    shares = counts / counts.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap=LinearSegmentedColormap.from_list("vigie", ["white", BLUE]), vmin=0, vmax=1)
    for row in range(2):
        for column in range(2):
            colour = "white" if shares[row, column] > 0.55 else INK  # noqa: PLR2004 - where white reads better
            axes.text(
                column,
                row - 0.06,
                f"{shares[row, column]:.1%}",
                ha="center",
                va="center",
                color=colour,
                fontsize=19,
            )
            axes.text(
                column, row + 0.16, f"{counts[row, column]:,} tweets", ha="center", va="center", color=colour
            )
    names = ["negative", "positive"]
    axes.set_xticks([0, 1], names)
    axes.set_yticks([0, 1], names, rotation=90, va="center")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    accuracy = f"{about} · accuracy {_with_interval(scores.accuracy)}"
    _titled(axes, "Confusion matrix", accuracy, "predicted", "true (shares of each row)")


def _curve(probability: FloatArray, label: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Count true and false positives for each threshold, from the highest down."""
    order = np.argsort(-probability, kind="stable")
    last = np.flatnonzero(np.diff(probability[order], append=-1.0))
    hits = np.cumsum(label[order])[last].astype(np.float64)
    return hits, last + 1 - hits


def _thinned(*series: FloatArray) -> list[FloatArray]:
    n = len(series[0])
    if n <= POINTS:
        return list(series)
    kept = np.unique(np.linspace(0, n - 1, POINTS).astype(int))
    return [each[kept] for each in series]


def _roc(axes: Axes, about: str, probability: FloatArray, label: BoolArray, scores: Scores) -> None:
    hits, false = _curve(probability, label)
    x, y = _thinned(np.append(0, false / (~label).sum()), np.append(0, hits / label.sum()))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label="chance")
    axes.fill_between(x, y, color=PALE)
    axes.plot(x, y, color=BLUE, label=f"area {_with_interval(scores.roc_auc)}")
    axes.legend(loc="lower right", frameon=False)
    _unit_square(axes)
    _titled(
        axes,
        "ROC curve",
        about,
        "false positive rate (share of negative tweets)",
        "true positive rate (share of positive tweets)",
    )


def _precision_recall(
    axes: Axes, about: str, probability: FloatArray, label: BoolArray, scores: Scores
) -> None:
    hits, false = _curve(probability, label)
    precision, recall = hits / (hits + false), hits / label.sum()
    x, y = _thinned(np.append(0, recall), np.append(precision[0], precision))
    base = float(label.mean())
    axes.axhline(base, color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label=f"all positive: {base:.3f}")
    axes.fill_between(x, y, color=PALE, step="post")
    axes.plot(
        x, y, color=BLUE, drawstyle="steps-post", label=f"average {_with_interval(scores.average_precision)}"
    )
    axes.legend(loc="lower left", frameon=False)
    _unit_square(axes)
    _titled(
        axes,
        "Precision and recall",
        about,
        "recall (share of positive tweets found)",
        "precision (share of finds that are positive)",
    )


def _reliability(axes: Axes, about: str, probability: FloatArray, label: BoolArray, scores: Scores) -> None:
    mean, frequency, counts = calibration_curve(probability, label)
    intervals = [wilson(round(f * n), int(n)) for f, n in zip(frequency, counts, strict=True)]
    below = [max(f - each.low, 0) for f, each in zip(frequency, intervals, strict=True)]
    above = [max(each.high - f, 0) for f, each in zip(frequency, intervals, strict=True)]
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label="perfectly calibrated")
    axes.errorbar(
        mean,
        frequency,
        yerr=[below, above],
        color=BLUE,
        marker="o",
        markersize=5,
        elinewidth=1.2,
        capsize=2.5,
        label=f"this model: error {_with_interval(scores.ece)}",
    )
    # Bars may lie behind it where there are few rows.
    axes.legend(loc="lower right", facecolor="white", edgecolor="none", framealpha=0.9)
    _unit_square(axes)
    _titled(
        axes,
        "Reliability",
        f"{about} · bins of equal size, 95 % intervals",
        "predicted probability of positive (mean of bin)",
        "share that is positive",
    )
