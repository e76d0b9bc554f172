"""Every row of a file as it stands, before any is dropped."""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from sentiment_training.datasets.dataset import BoolArray, Counts, Dataset, IntArray, Texts

LabelArray = NDArray[np.int8]

NEGATIVE, POSITIVE, NEUTRAL = 0, 1, -1


@dataclass(frozen=True)
class Rows:
    """Texts with what their file says of them.

    Parameters
    ----------
    name
        What metrics and tables call the data set.
    texts
        Arrow array of large strings, shape (n,), none null, some perhaps blank.
    labels
        NEGATIVE, POSITIVE, or NEUTRAL where neutral or not labelled, shape (n,).
    groups, order
        As in `Dataset`.
    times
        When each was written, NaT where unknown, shape (n,); None where no row has a time.
    duplicate, contradictory
        What the file itself marks as such, shape (n,).
    languages
        As in `Dataset`.
    """

    name: str
    texts: Texts
    labels: LabelArray
    groups: NDArray[np.uint64] | None
    times: NDArray[np.datetime64] | None
    order: IntArray | None
    duplicate: BoolArray
    contradictory: BoolArray
    languages: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def blank(self) -> BoolArray:
        """True where the text is nothing but white space, shape (n,)."""
        flags: BoolArray = pc.equal(pc.utf8_trim_whitespace(self.texts), "").to_numpy(zero_copy_only=False)
        return flags

    def polar(self) -> Dataset:
        """Keep the negative and positive rows with a text, and count the others; there may be none."""
        neutral = self.labels == NEUTRAL
        blank = self.blank & ~neutral
        opposed = self.contradictory & ~neutral & ~blank
        again = self.duplicate & ~neutral & ~blank & ~opposed
        kept = ~(neutral | blank | opposed | again)
        return self._everything().where(
            kept,
            neutral=int(neutral.sum()),
            empty=int(blank.sum()),
            contradictory=int(opposed.sum()),
            duplicate=int(again.sum()),
        )

    def neutral(self) -> Dataset:
        """Keep the rows with a text that are neither; their labels say nothing."""
        return self._everything().where((self.labels == NEUTRAL) & ~self.blank & ~self.duplicate)

    def dataset(self) -> Dataset:
        """Keep what a model can learn from.

        Raises
        ------
        OneClassError, EmptyDatasetError
            If there is nothing to learn from.
        """
        return self.polar().require_both_classes()

    def _everything(self) -> Dataset:
        return Dataset(
            name=self.name,
            texts=self.texts,
            labels=self.labels == POSITIVE,
            groups=self.groups,
            # Rows without a time have no place among the others.
            times=None if self.times is None or np.isnat(self.times).any() else self.times,
            order=self.order,
            counts=Counts(read=len(self)),
            languages=self.languages,
        )
