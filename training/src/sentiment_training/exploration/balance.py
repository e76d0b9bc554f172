"""What was read, what training would drop, and how often each class occurs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sentiment_training.datasets import Counts, Rows, split, without_duplicates
from sentiment_training.errors import DatasetError
from sentiment_training.exploration.corpus import Corpus
from sentiment_training.scores import Estimate, wilson


@dataclass(frozen=True)
class ClassCount:
    """How often a class occurs, and its share of all texts with its 95 % interval."""

    name: str
    n: int
    share: Estimate


@dataclass(frozen=True)
class Training:
    """What `vigie train` would make of the files.

    Attributes
    ----------
    counts
        What it would keep of each file, and why not the rest.
    marked
        Those of the duplicate and contradictory rows that a file itself marks as such, in all files.
    refusal
        Why it would take none of them; None where it would go on.
    """

    counts: Mapping[str, Counts]
    marked: Counts
    refusal: str | None


def class_counts(corpus: Corpus) -> list[ClassCount]:
    """Count the texts of each class that occurs."""
    counts = np.bincount(corpus.codes, minlength=len(corpus.classes)).tolist()
    return [
        ClassCount(name, n, wilson(n, len(corpus))) for name, n in zip(corpus.classes, counts, strict=True)
    ]


def in_training(sources: Sequence[Rows]) -> Training:
    """Drop and hold out what `vigie train` would; blank texts count as empty.

    Neutral rows without a text count as neutral, as in training.
    """
    polar = [each.polar() for each in sources]
    marked = total([each.counts for each in polar])
    some = [each for each in polar if len(each)]
    if some:
        cleaned = iter(without_duplicates(some))
        polar = [next(cleaned) if len(each) else each for each in polar]
    refusal = None
    try:
        for each in polar:
            split(each.require_both_classes())
    except DatasetError as fault:
        refusal = str(fault)
    counts = dict(zip(unique_names(sources), [each.counts for each in polar], strict=True))
    return Training(counts, marked, refusal)


def unique_names(sources: Sequence[Rows]) -> list[str]:
    """Give the files' names; those that came before get a number."""
    seen: dict[str, int] = {}
    names = []
    for each in sources:
        seen[each.name] = seen.get(each.name, 0) + 1
        names.append(each.name if seen[each.name] == 1 else f"{each.name} {seen[each.name]}")
    return names


def total(counts: Sequence[Counts]) -> Counts:
    """Add them up."""
    return sum(counts[1:], start=replace(counts[0]))
