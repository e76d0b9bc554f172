"""How long the texts of each class are, and whether that changes with time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from sentiment_training.datasets.dataset import IntArray
from sentiment_training.exploration.corpus import Corpus
from sentiment_training.scores import Z_95, Estimate

FloatArray = npt.NDArray[np.float64]

# About as many bars as the eye takes in.
MOST_BINS = 30
# The last bin holds the longest hundredth, which would squeeze all others.
_SHOWN = 0.99
BLOCKS = 20
# A mean of fewer texts says little: its period is left out.
FEWEST = 10
_MOST_DAYS, _MOST_MONTHS = 62, 48
# A clock that was never set says 1970: the hundredths at both ends do not say how long the time is.
_FIRST, _LAST = 0.01, 0.99
_SHOWN_AS = {"day": "%d %b %Y", "month": "%b %Y", "year": "%Y"}


@dataclass(frozen=True)
class Summary:
    """Lengths of one class: mean, and the 5 %, 50 % and 95 % quantiles."""

    mean: Estimate
    low: float
    median: float
    high: float
    longest: int


@dataclass(frozen=True)
class Histogram:
    """Shares of each class's texts by length.

    Attributes
    ----------
    edges
        Where each bin begins, and where the last shown one ends, shape (bins + 1,); longer texts are in the
        last bin.
    shares
        Shape (classes, bins); each row sums to 1.
    """

    edges: IntArray
    shares: FloatArray


@dataclass(frozen=True)
class Lengths:
    """One measure of length (characters or words) over the whole corpus."""

    unit: str
    summaries: Sequence[Summary]
    histogram: Histogram


@dataclass(frozen=True)
class Drift:
    """Means by period; a period of a class with too few texts has None.

    Attributes
    ----------
    rule
        What a period is: ``day``, ``month``, ``year``, or ``block`` (of the order of the file).
    periods
        Their names in order.
    counts
        Texts of each class in each period, shape (classes, periods).
    means
        By unit, then class, then period.
    strays
        Texts whose date lies so far from all others that no period holds them.
    """

    rule: str
    periods: Sequence[str]
    counts: IntArray
    means: dict[str, list[list[Estimate | None]]]
    strays: int = 0


def measured(corpus: Corpus) -> dict[str, IntArray]:
    """Measure each text in characters and in words; each of shape (n,)."""
    characters = pc.utf8_length(corpus.texts).to_numpy(zero_copy_only=False).astype(np.int64)
    return {"characters": characters, "words": corpus.words.lengths}


def lengths(corpus: Corpus, unit: str, length: IntArray) -> Lengths:
    """Describe the lengths of each class."""
    longest = max(1, int(np.quantile(length, _SHOWN, method="higher")))
    width = -(-longest // MOST_BINS)
    bins = -(-(longest + 1) // width)
    place = np.minimum(length // width, bins - 1)
    shares = []
    for code in range(len(corpus.classes)):
        counted = np.bincount(place[corpus.of(code)], minlength=bins)
        shares.append(counted / counted.sum())
    return Lengths(
        unit,
        [_summary(length[corpus.of(code)]) for code in range(len(corpus.classes))],
        Histogram(np.arange(bins + 1, dtype=np.int64) * width, np.array(shares)),
    )


def drift(corpus: Corpus, units: dict[str, IntArray]) -> Drift | None:
    """Follow the mean lengths through time.

    Days where the texts were written within two months, years where they span more than four, else months:
    from the 1st to the 99th percentile of their times. A text that lies further from those two than they lie
    apart is a stray. Where the file has no times but an `order`, twenty blocks of equal size within each
    class (such files are often sorted by class first). None where there is neither, or only one period.
    """
    found = _by_time(corpus) or _by_order(corpus)
    if found is None:
        return None
    rule, names, period, strays = found
    k, n = len(corpus.classes), len(names)
    known = period >= 0
    cell = corpus.codes[known].astype(np.int64) * n + period[known]
    counts = np.bincount(cell, minlength=k * n)
    means = {}
    for unit, length in units.items():
        values = length[known].astype(np.float64)
        sums = np.bincount(cell, weights=values, minlength=k * n)
        squares = np.bincount(cell, weights=values**2, minlength=k * n)
        estimates = [_mean(*each) for each in zip(counts.tolist(), sums, squares, strict=True)]
        means[unit] = [estimates[code * n : (code + 1) * n] for code in range(k)]
    return Drift(rule, names, counts.reshape(k, n), means, strays)


def _summary(length: IntArray) -> Summary:
    low, median, high = np.quantile(length, [0.05, 0.5, 0.95]).tolist()
    values = length.astype(np.float64)
    mean = _mean(len(values), values.sum(), (values**2).sum(), fewest=1)
    if mean is None:
        raise AssertionError("a class that occurs has a text")
    return Summary(mean, low, median, high, int(length.max()))


def _mean(n: int, total: float, squares: float, fewest: int = FEWEST) -> Estimate | None:
    """Give the mean and its normal 95 % interval."""
    if n < fewest:
        return None
    mean = float(total / n)
    variance = max(float(squares) - n * mean**2, 0.0) / max(n - 1, 1)
    half = Z_95 * (variance / n) ** 0.5
    return Estimate(mean, mean - half, mean + half)


_Periods = tuple[str, list[str], IntArray, int]  # rule, names, each text's period or -1, strays


def _by_time(corpus: Corpus) -> _Periods | None:
    if corpus.times is None:
        return None
    known = ~np.isnat(corpus.times)
    times = corpus.times[known].astype("datetime64[us]").astype(np.int64)
    low, high = np.quantile(times, _FIRST, method="lower"), np.quantile(times, _LAST, method="higher")
    first, last = low.astype("datetime64[us]"), high.astype("datetime64[us]")
    months = int((last.astype("datetime64[M]") - first.astype("datetime64[M]")).astype(int)) + 1
    days = int((last.astype("datetime64[D]") - first.astype("datetime64[D]")).astype(int)) + 1
    if days <= _MOST_DAYS:
        rule, code = "day", "D"
    else:
        rule, code = ("month", "M") if months <= _MOST_MONTHS else ("year", "Y")
    around = max(last - first, np.timedelta64(1, "D"))
    near = known & (corpus.times >= first - around) & (corpus.times <= last + around)
    start = corpus.times[near].min().astype(f"datetime64[{code}]")
    since = (corpus.times.astype(f"datetime64[{code}]") - start).astype(np.int64)
    period = np.where(near, since, -1)
    n = int(period.max()) + 1
    if n == 1:
        return None
    names = (start.astype(np.int64) + np.arange(n)).astype(f"datetime64[{code}]")
    shown = [f"{each.item():{_SHOWN_AS[rule]}}" for each in names]
    return rule, shown, period, int(known.sum() - near.sum())


def _by_order(corpus: Corpus) -> _Periods | None:
    if corpus.order is None:
        return None
    rarest = int(np.bincount(corpus.codes).min())
    blocks = min(BLOCKS, rarest // FEWEST)
    if blocks <= 1:
        return None
    period = np.zeros(len(corpus), np.int64)
    for code in range(len(corpus.classes)):
        rows = np.flatnonzero(corpus.of(code))
        rows = rows[np.argsort(corpus.order[rows], kind="stable")]
        period[rows] = np.arange(len(rows)) * blocks // len(rows)
    return "block", [str(number + 1) for number in range(blocks)], period, 0
