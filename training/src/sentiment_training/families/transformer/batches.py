"""In which order rows are shown: texts of like length together, all else by chance."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from sentiment_training.families.transformer.options import TransformerOptions

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# Batches among which texts are sorted by length: enough that hardly any padding is left, few enough that
# two epochs do not make the same batches.
_SORTED_TOGETHER = 64

# An epoch that shows a row as often as this is long enough; beyond, it counts more each time.
_MOST_TIMES = 100


class Shown:
    """What is shown at each step of a training; the same seed shows the same.

    Parameters
    ----------
    whole
        Whether an epoch's last batch is filled, with rows that count nothing.

    Attributes
    ----------
    total
        Steps of all epochs.
    """

    def __init__(
        self,
        weights: FloatArray,
        lengths: IntArray,
        options: TransformerOptions,
        seed: int,
        *,
        whole: bool = False,
    ) -> None:
        self._rows, self._shares = repeated(weights)
        self._lengths = lengths[self._rows]
        self._batch, self._seed, self._whole = options.batch, seed, whole
        self._per_epoch = math.ceil(len(self._rows) / options.batch)
        self._check_every = max(1, self._per_epoch // options.checks)
        self._epoch, self._batches = -1, list[IntArray]()
        self.total = self._per_epoch * options.epochs

    def batch(self, step: int) -> tuple[IntArray, npt.NDArray[np.float32]]:
        """Return the rows of a step, and what each counts."""
        epoch, at = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._batches = epoch_batches(self._lengths, self._batch, [self._seed, epoch])
        places = self._batches[at]
        rows, shares = self._rows[places], self._shares[places].astype(np.float32)
        if self._whole:
            shares = np.pad(shares, (0, self._batch - len(rows)))
            rows = filled(rows, self._batch)
        return rows, shares

    def check_is_due(self, step: int) -> bool:
        """Whether the validation rows are to be scored after so many steps."""
        return step % self._check_every == 0 or step == self.total


def repeated(weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """Turn weights into rows to show: a row of three times what most weigh is shown three times an epoch.

    Three small steps lead further than one large one. What weighs less is shown once, and counts less.

    Returns
    -------
    rows, shares
        Places of rows, each as often as it is shown, and what it counts each time; on average 1.
    """
    # Against what most rows weigh: a few that count less must not multiply all the others.
    values, rows_of_each = np.unique(weights, return_counts=True)
    relative = weights / values[rows_of_each.argmax()]
    times = np.clip(np.rint(relative), 1, _MOST_TIMES).astype(np.int64)
    rows = np.repeat(np.arange(len(weights)), times)
    shares = (relative / times)[rows]
    return rows, shares / shares.mean()


def epoch_batches(lengths: IntArray, batch: int, seed: Sequence[int]) -> list[IntArray]:
    """Cut an epoch into batches; the same seed gives the same ones.

    Parameters
    ----------
    lengths
        Of the texts, in tokens.

    Returns
    -------
    list
        Places of texts, batch by batch.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), batch * _SORTED_TOGETHER):
        chunk = order[start : start + batch * _SORTED_TOGETHER]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches += [chunk[at : at + batch] for at in range(0, len(chunk), batch)]
    return [batches[each] for each in random.permutation(len(batches))]


def even_batches(lengths: IntArray, rows: int) -> Iterator[IntArray]:
    """Cut texts into batches of so many texts, the shortest first; the last may have fewer."""
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), rows):
        yield order[start : start + rows]


def filled(rows: IntArray, size: int) -> IntArray:
    """Return the rows, and the first of them again until there are so many."""
    return np.concatenate([rows, np.repeat(rows[:1], size - len(rows))])
