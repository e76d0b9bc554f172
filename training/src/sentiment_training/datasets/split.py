"""Holds rows out so that the measured figure is one for tweets yet to come, by people yet unseen.

The rule is the first that the data allow:

1. **user**: where users are known, and more than one. A user is held out if the hash of the name falls below
   the share; rows without a name go by the hash of their normalised text. No user is on both sides.
2. **time** or **order**: where each row has a time, or a number that grows with it. Within each label the
   rows are sorted by it and cut into 100 blocks of equal size (fewer where there are fewer rows, more for a
   share below 0.01); of these, evenly spread ones are held out, each tenth for a share of 0.1.
3. **text**: by the hash of the normalised text.

Rows to choose by (early stopping, a search) are taken in the same way from what is left: the held-out ones
are for the last measurement alone.

No rule draws lots: the same data are split the same way whatever the seed, so that versions trained with
different options are measured on the same rows.
"""

import math
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from sentiment.cleaning_patterns import MENTIONS
from sentiment_training.datasets.cleaning import normalised
from sentiment_training.datasets.dataset import BoolArray, Dataset, IntArray, Texts
from sentiment_training.errors import OneClassError, OptionError

_MENTION = re.compile(MENTIONS)
BLOCKS = 100
SMALLEST_SHARE, LARGEST_SHARE = 0.01, 0.5
VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Split:
    """The sides of one data set, and the rule that parted them: user, time, order or text.

    `validation` has no rows unless some were asked for. `neutral` are rows that are neither negative nor
    positive, to learn from; none unless they were asked for.
    """

    train: Dataset
    validation: Dataset
    held_out: Dataset
    rule: str
    neutral: Dataset | None = None

    def both_ways(self) -> list[Dataset]:
        """Return the neutral rows as negative ones, and as positive ones."""
        return [] if self.neutral is None else [self.neutral.called(label) for label in (False, True)]


def split(dataset: Dataset, share: float = 0.1, most_validated: int = 0) -> Split:
    """Hold out about `share` of the rows, and of the others a tenth to choose by, where that is wanted.

    Parameters
    ----------
    most_validated
        Rows to choose by, at most; 0 takes none.

    Raises
    ------
    OptionError
        If the share is not in [0.01, 0.5].
    OneClassError
        If any side would have rows of one label only.
    """
    require_share(share)
    rule, held_out = _held_out(dataset, share)
    _require_both_sides(dataset, held_out, f"hold out {share:g} of them by {rule}")
    train, nobody = dataset.where(~held_out), np.zeros(int((~held_out).sum()), np.bool_)
    validated = nobody
    if most_validated:
        _, validated = _held_out(train, min(VALIDATION_SHARE, most_validated / len(train)), again=True)
        _require_both_sides(train, validated, f"choose by a part of them by {rule}")
    return Split(train.where(~validated), train.where(validated), dataset.where(held_out), rule)


def of_users_learned(rows: Dataset, parted: Split) -> Dataset:
    """Leave out the rows by users of whom others are held out or chosen by."""
    apart = [each.groups for each in (parted.validation, parted.held_out) if each.groups is not None]
    if parted.rule != "user" or rows.groups is None or not apart:
        return rows
    users = np.concatenate(apart)
    return rows.where(~np.isin(rows.groups, users[users != 0]))


def require_share(share: float) -> None:
    """Raise OptionError if no such share can be held out."""
    if not SMALLEST_SHARE <= share <= LARGEST_SHARE:
        raise OptionError(f"the share to hold out is {share:g}; give one from 0.01 to 0.5")


def folds_of(texts: Texts, folds: int) -> IntArray:
    """Part texts into so many folds of about the same size: the number of each one's, from 0, shape (n,).

    It is the hash of the normalised text without its mentions that decides: what differs only in whom it
    mentions is in one fold, so are a tweet and its copy with a made-up name, and whoever parts them, they are
    parted the same way.
    """
    # Normalising knows the letters of ASCII's names alone.
    nameless = pa.array([_MENTION.sub("@", text) for text in texts.to_pylist()], pa.large_string())
    return (_hashes(nameless) % np.uint64(folds)).astype(np.int64)


def _require_both_sides(dataset: Dataset, apart: BoolArray, what: str) -> None:
    for side in (apart, ~apart):
        if len(set(dataset.labels[side].tolist())) < 2:  # noqa: PLR2004 - negative and positive
            raise OneClassError(
                f"{dataset.name}: {len(dataset):,} rows are too few to {what} with both labels on both "
                "sides; give more rows or another --test-share"
            )


def _held_out(dataset: Dataset, share: float, *, again: bool = False) -> tuple[str, BoolArray]:
    if dataset.groups is not None and len(np.unique(dataset.groups)) > 1:
        nameless = dataset.groups == 0
        hashes = dataset.groups.copy()
        if nameless.any():
            hashes[nameless] = _hashes(dataset.where(nameless).texts)
        return "user", _below(hashes, share, again=again)
    if dataset.times is not None:
        return "time", _blocks(dataset.times, dataset.labels, share)
    if dataset.order is not None:
        return "order", _blocks(dataset.order, dataset.labels, share)
    return "text", _below(_hashes(dataset.texts), share, again=again)


def _hashes(texts: Texts) -> NDArray[np.uint64]:
    return pd.util.hash_array(normalised(texts).to_numpy(zero_copy_only=False))


def _below(hashes: NDArray[np.uint64], share: float, *, again: bool) -> BoolArray:
    # Whoever is left after the first time has a hash above the share: the second time needs another one.
    drawn = pd.util.hash_array(hashes) if again else hashes
    below: BoolArray = drawn < np.uint64(share * 2**64)
    return below


def _blocks(when: NDArray[np.datetime64] | NDArray[np.int64], labels: BoolArray, share: float) -> BoolArray:
    held_out = np.zeros(len(labels), dtype=np.bool_)
    # A share below a hundredth, as 20,000 of millions of rows are, is a part of no hundred blocks.
    blocks = max(BLOCKS, math.ceil(1 / share))
    for label in (False, True):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(when[rows], kind="stable")]
        for number, block in enumerate(np.array_split(rows, min(blocks, len(rows))), start=1):
            # True each time that `number` blocks owe one more to the share.
            held_out[block] = int(number * share + 1e-9) > int((number - 1) * share + 1e-9)
    return held_out
