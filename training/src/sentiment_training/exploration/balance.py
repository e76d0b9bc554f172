"""What was read, what training would drop, and how often each class occurs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sentiment_training.datasets import Counts, Rows, without_duplicates
from sentiment_training.exploration.corpus import Corpus
from sentiment_training.scores import Estimate, wilson


@dataclass(frozen=True)
class ClassCount:
    """How often a class occurs, and its share of all texts with its 95 % interval."""

    name: str
    n: int
    share: Estimate


def class_counts(corpus: Corpus) -> list[ClassCount]:
    """Count the texts of each class that occurs."""
    counts = np.bincount(corpus.codes, minlength=len(corpus.classes)).tolist()
    return [
        ClassCount(name, n, wilson(n, len(corpus))) for name, n in zip(corpus.classes, counts, strict=True)
    ]


def training_counts(sources: Sequence[Rows]) -> dict[str, Counts]:
    """Say what `vigie train` would keep of each file, and why not the rest; blank texts count as empty.

    Neutral rows without a text count as neutral, as in training.
    """
    polar = [each.polar() for each in sources]
    some = [each for each in polar if len(each)]
    counts = [each.counts for each in polar]
    if some:
        cleaned = iter(without_duplicates(some))
        counts = [next(cleaned).counts if len(each) else each.counts for each in polar]
    return dict(zip(unique_names(sources), counts, strict=True))


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
