"""What a data set is once it is loaded, wherever it came from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sentiment_training.errors import EmptyDatasetError, OneClassError

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

# pyarrow ships no types. Texts are Arrow arrays: 1.6 million strings as one buffer, not as so many objects.
Texts = Any
Column = Any
Table = Any
ReadOption = Any


@dataclass(frozen=True)
class Counts:
    """How many rows a data set had, and why some are no longer there."""

    read: int = 0
    neutral: int = 0
    """Labelled neutral, or not labelled."""
    empty: int = 0
    """Nothing but white space in the text."""
    duplicate: int = 0
    """Same label and same normalised text as an earlier row."""
    contradictory: int = 0
    """The same normalised text occurs with both labels."""
    evaluated: int = 0
    """Left out of training because an evaluation set, or one that people labelled, holds the same text."""
    kept: int = 0

    def why_dropped(self) -> str:
        """Say how many rows went for which reason; empty where none did."""
        dropped = {
            "neutral or unlabelled": self.neutral,
            "empty": self.empty,
            "contradictory": self.contradictory,
            "duplicate": self.duplicate,
            "also in another set": self.evaluated,
        }
        return ", ".join(f"{n:,} {why}" for why, n in dropped.items() if n)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__match_args__))


@dataclass(frozen=True)
class Dataset:
    """Labelled texts, with what is known about who wrote them and when.

    Parameters
    ----------
    name
        What metrics and tables call it.
    texts
        Arrow array of large strings, shape (n,), none null or empty.
    labels
        True where positive, shape (n,).
    groups
        One number a user, 0 where unknown, shape (n,); None where the file names no users.
    times
        When each was written, shape (n,); None where unknown.
    order
        Grows with time, shape (n,); None where unknown.
    counts
        What was read and what was dropped.
    languages
        What the file says each text is in, as it is spelled there, shape (n,); None where it says nothing.
    """

    name: str
    texts: Texts
    labels: BoolArray
    groups: NDArray[np.uint64] | None = None
    times: NDArray[np.datetime64] | None = None
    order: IntArray | None = None
    counts: Counts = Counts()
    languages: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def positives(self) -> int:
        """Number of positive rows."""
        return int(self.labels.sum())

    def where(self, mask: BoolArray, **dropped: int) -> "Dataset":
        """Keep the rows where `mask` is True, and add to the counts why the others went."""
        counts = replace(
            self.counts,
            kept=int(mask.sum()),
            **{reason: getattr(self.counts, reason) + n for reason, n in dropped.items()},
        )
        return Dataset(
            name=self.name,
            texts=self.texts.filter(pa.array(mask)),
            labels=self.labels[mask],
            groups=None if self.groups is None else self.groups[mask],
            times=None if self.times is None else self.times[mask],
            order=None if self.order is None else self.order[mask],
            counts=counts,
            languages=None if self.languages is None else self.languages[mask],
        )

    def called(self, label: bool) -> "Dataset":
        """Give all rows the same label."""
        return replace(self, labels=np.full(len(self), label, np.bool_))

    def by_language(self) -> "dict[str, Dataset]":
        """Part the rows by language, where the file names more than one and each has both labels.

        Languages go by what a metric's name can hold of them (`named`).
        """
        if self.languages is None:
            return {}
        spelled, which = np.unique(self.languages, return_inverse=True)
        names = np.array([named(each) for each in spelled.tolist()])[which]
        parts = {str(each): self.where(names == each) for each in np.unique(names) if each}
        both = {each: part for each, part in parts.items() if 0 < part.positives < len(part)}
        return both if len(parts) > 1 else {}

    def thinned(self, most: int) -> "Dataset":
        """Keep `most` rows, evenly chosen by label and place; all where there are no more.

        Of two rows or more, each label that is there keeps one.
        """
        if len(self) <= most:
            return self
        by_label = np.argsort(self.labels, kind="stable")
        places = evenly(len(self), most)
        if most > 1 and not self.labels[by_label[places[-1]]]:
            places[-1] = len(self) - 1  # a positive one, if there is any
        chosen = np.zeros(len(self), np.bool_)
        chosen[by_label[places]] = True
        return self.where(chosen)

    def require_both_classes(self) -> "Dataset":
        """Return itself.

        Raises
        ------
        EmptyDatasetError
            If there is no row.
        OneClassError
            If all rows have the same label.
        """
        if len(self) == 0:
            raise EmptyDatasetError(
                f"{self.name}: no labelled row is left of {self.counts.read:,} read "
                f"({self.counts.why_dropped() or 'it holds none'}); "
                "give a file with negative and positive texts"
            )
        if self.positives in {0, len(self)}:
            only = "positive" if self.positives else "negative"
            dropped = self.counts.why_dropped()
            left = f" left of {self.counts.read:,} read ({dropped})" if dropped else ""
            raise OneClassError(
                f"{self.name}: all {len(self):,} rows{left} are {only}; "
                "give a file with negative and positive texts"
            )
        return self


def evenly(n: int, most: int) -> IntArray:
    """Return the places, from 0, of `most` of `n` things, evenly chosen; of all where there are no more."""
    places: IntArray = np.arange(min(n, most)) * n // max(1, min(n, most))
    return places


def named(text: str) -> str:
    """Return a text without what MLflow takes in no metric's name."""
    return re.sub(r"[^\w.\- ]", "_", text)


def joined(name: str, datasets: Sequence[Dataset]) -> Dataset:
    """All rows under one name; who and when, which only the split asks for, are left behind."""
    counts = [dataset.counts for dataset in datasets]
    return Dataset(
        name=name,
        texts=pa.concat_arrays([dataset.texts for dataset in datasets]),
        labels=np.concatenate([dataset.labels for dataset in datasets]),
        counts=sum(counts[1:], start=counts[0]),
    )
