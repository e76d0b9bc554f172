"""An expert reads texts of its kind by weights of their own, and leaves all others alone."""

from pathlib import Path

import numpy as np
import pytest

from sentiment import Provenance
from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work

GENERAL = ("my day was", "this film is", "that party was", "what a song,")
FLIGHT = ("my flight was", "boarding is", "the crew and gate,", "that seat was")
# `long` is good of a film and bad of a flight; most words mean the same everywhere.
ENDINGS = {
    **dict.fromkeys(("great", "lovely", "good", "fun"), (True, True)),
    **dict.fromkeys(("awful", "bad", "poor", "sad"), (False, False)),
    "long": (True, False),
    "short": (False, True),
}


def two_kinds() -> Examples:
    """Many texts in general, few about flights, in which two words mean the opposite."""
    texts, labels, domains = [], [], []
    for kind, (subjects, times) in enumerate([(GENERAL, 60), (FLIGHT, 4)]):
        for subject in subjects:
            for ending, good in ENDINGS.items():
                texts += [f"{subject} {ending}"] * times
                labels += [good[kind]] * times
                domains += [kind] * times
    n = len(texts)
    return Examples(texts, np.array(labels), np.ones(n), np.array(domains), ["general", "flights"])


def fitted(rows: Examples | None = None, **options: str) -> FittedModel:
    rows = rows or two_kinds()
    small = {"ngrams": "1", "bucket_bits": "14", "min_count": "1", "c": "10"}
    return FAMILIES["logreg"].fit(rows, rows, small | options, Work())


def read(model: FittedModel, *texts: str) -> list[bool]:
    return [bool(each >= 0.5) for each in model.probabilities(texts)]


def test_a_word_may_mean_something_else_in_texts_of_its_kind() -> None:
    texts = "my flight was long", "this film is long", "boarding is short", "my day was short"
    assert read(fitted(expert="flights"), *texts) == [False, True, True, False]
    # One weight a word cannot say that: this is what the expert is for.
    assert read(fitted(), *texts) != [False, True, True, False]


def test_what_it_has_not_seen_of_its_kind_it_takes_from_the_general_model() -> None:
    rows = two_kinds()
    kept = np.flatnonzero([not text.endswith("awful") or domain == 0 for text, domain in _pairs(rows)])
    assert read(fitted(rows.chosen(kept), expert="flights"), "that seat was awful") == [False]


def _pairs(rows: Examples) -> list[tuple[str, int]]:
    return list(zip(rows.texts, rows.domains.tolist(), strict=True))


@pytest.mark.parametrize("options", [{}, {"marks": "true"}, {"features": "counts"}, {"analyzer": "both"}])
def test_the_bundle_agrees_with_the_trainer(
    options: dict[str, str], thousands: list[str], tmp_path: Path
) -> None:
    model = fitted(expert="flights", **options)
    bundle = model.export(tmp_path / "bundle", ["my flight was long", ""], Provenance())
    texts = [*two_kinds().texts, "", "flight " * 300, *thousands]
    assert np.abs(model.probabilities(texts) - bundle.probabilities(texts)).max() <= 1e-5


def test_the_same_seed_gives_the_same() -> None:
    first, second = (fitted(expert="flights").probabilities(GENERAL + FLIGHT) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expert": "flihgts"}, "flihgts.*none of the data sets.*general, flights"),
        ({"expert": "flights", "analyzer": "char"}, "an expert reads words: give it analyzer=word"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        fitted(**options)


def test_one_data_set_alone_has_no_kinds() -> None:
    rows = Examples.of(["good", "bad"] * 9, np.array([True, False] * 9), "flights")
    with pytest.raises(OptionError, match="no other data set"):
        fitted(rows, expert="flights")
