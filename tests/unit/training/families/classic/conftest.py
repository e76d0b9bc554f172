"""A small corpus on which every classic family can learn something, and random texts of its words."""

from collections.abc import Callable

import numpy as np
import pytest

from sentiment_training.families import FAMILIES, Examples, FittedModel, Work

SUBJECTS = ("my flight", "the crew", "your app", "@united", "THIS AIRLINE", "boarding")
GOOD = ("was great", "is lovely :)", "made my day!!", "was not bad at all", "thanks a lot")
BAD = ("was awful", "is late again :(", "LOST my bag???", "was not good at all", "never again")
SMALL = {
    "nb": {"bucket_bits": "14", "min_count": "1"},
    "logreg": {"bucket_bits": "14", "min_count": "1"},
    "svm": {"bucket_bits": "14", "min_count": "1"},
    "forest": {"bucket_bits": "14", "min_count": "1", "trees": "7", "best": "60"},
}
Learn = Callable[..., FittedModel]


def a_corpus() -> tuple[list[str], np.ndarray]:
    """Sentences whose words alone do not decide: `not bad` is good, `not good` is bad."""
    pairs = [(f"{subject} {ending}", ending in GOOD) for subject in SUBJECTS for ending in GOOD + BAD]
    texts, labels = zip(*pairs, strict=True)
    return list(texts) * 3, np.array(list(labels) * 3)


@pytest.fixture(scope="session")
def corpus() -> tuple[list[str], np.ndarray]:
    return a_corpus()


@pytest.fixture(scope="session")
def learn() -> Learn:
    """Fit a family on texts, or on the corpus; it calibrates on the same rows where it must."""

    def fit(
        family: str = "logreg",
        data: tuple[list[str], np.ndarray] | None = None,
        weights: np.ndarray | None = None,
        **options: str,
    ) -> FittedModel:
        texts, labels = data or a_corpus()
        rows = Examples.of(texts, labels)
        if weights is not None:
            rows = Examples(texts, labels, weights, rows.domains, rows.names)
        return FAMILIES[family].fit(rows, rows, SMALL[family] | options, Work())

    return fit


@pytest.fixture(scope="session")
def thousands() -> list[str]:
    """Random sequences of words, known and unknown, of marks and of nothing."""
    texts, _ = a_corpus()
    words = sorted({word for text in texts for word in text.split()})
    words += ["unknown", "", "!!", "\U0001f621", "NEVER", "BAG", "http://a.b/C", "#TAG", "don't", "..."]
    generator = np.random.default_rng(7)
    return [" ".join(generator.choice(words, generator.integers(0, 30))) for _ in range(3_000)]
