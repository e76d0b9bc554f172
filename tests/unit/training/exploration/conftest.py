"""Small corpora, made up."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pytest

from sentiment_training.datasets import NEGATIVE, NEUTRAL, POSITIVE, Rows
from sentiment_training.exploration.corpus import Corpus, corpus_of
from sentiment_training.progress import SilentProgress

LABELS = {"-": NEGATIVE, "0": NEUTRAL, "+": POSITIVE}


def some_rows(
    texts: Sequence[str],
    labels: str,
    name: str = "made-up",
    times: Sequence[str] | None = None,
    order: Sequence[int] | None = None,
) -> Rows:
    """Rows with a label each: one of ``-``, ``0``, ``+``."""
    n = len(texts)
    return Rows(
        name=name,
        texts=pa.array(texts, pa.large_string()),
        labels=np.array([LABELS[each] for each in labels], np.int8),
        groups=None,
        times=None if times is None else np.array(times, "datetime64[us]"),
        order=None if order is None else np.array(order, np.int64),
        duplicate=np.zeros(n, np.bool_),
        contradictory=np.zeros(n, np.bool_),
    )


@pytest.fixture(scope="session")
def rows() -> Callable[..., Rows]:
    return some_rows


@pytest.fixture(scope="session")
def corpus() -> Callable[..., Corpus]:
    def make(texts: Sequence[str], labels: str, **known: Sequence[object]) -> Corpus:
        return corpus_of([some_rows(texts, labels, **known)], SilentProgress())

    return make
