"""Every classic family: the exported graph computes what scikit-learn computes, whatever its options."""
# ruff: noqa: ARG002 - the stand-in for a trial has the parameters of the real one

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import Bundle, Provenance
from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work

CLASSIC = ("nb", "logreg", "svm", "forest")
LINEAR = ("logreg", "svm")
FEATURES = ({"features": "counts"}, {"features": "tfidf"})
VARIANTS = (
    {"ngrams": "1"},
    {"ngrams": "4"},
    {"marks": "true"},
    {"cleaning": "emoticons=words,contractions=words,hashtags=words,stop_words=dropped", "marks": "true"},
    {"analyzer": "char", "char_ngrams": "1"},
    {"analyzer": "char", "char_ngrams": "6"},
)
NB_WEIGHTS = ({"nb_weights": "true"}, {"nb_weights": "true", "marks": "true"})
BOTH = ({"analyzer": "both"}, {"analyzer": "both", "marks": "true", "char_ngrams": "3"})
Learn = Callable[..., FittedModel]


def combinations() -> list[object]:
    every = [
        *itertools.product(CLASSIC, FEATURES, VARIANTS),
        *itertools.product(LINEAR, FEATURES, (*NB_WEIGHTS, BOTH[1] | NB_WEIGHTS[0])),
        *itertools.product(("nb", *LINEAR), FEATURES, BOTH),
    ]
    return [
        pytest.param(family, features | variant, id=" ".join([family, *(features | variant).values()]))
        for family, features, variant in every
    ]


@pytest.mark.parametrize(("family", "options"), combinations())
def test_the_bundle_agrees_with_scikit_learn_on_thousands_of_texts(
    family: str, options: dict[str, str], learn: Learn, thousands: list[str], tmp_path: Path
) -> None:
    model = learn(family, **options)
    bundle = model.export(tmp_path / "bundle", ["the crew was great", ""], Provenance())
    expected = model.probabilities(thousands)
    assert np.abs(expected - bundle.probabilities(thousands)).max() <= 1e-5
    assert bundle.manifest.family == family
    # One that always says the same would agree, too.
    assert np.ptp(expected) > 0.1


@pytest.fixture(scope="module", params=[*itertools.product(CLASSIC, ("word", "char"))], ids=" ".join)
def agreeing_pair(
    request: pytest.FixtureRequest, learn: Learn, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FittedModel, Bundle]:
    family, analyzer = request.param
    texts = ["a b", "b a", "A a b !", "é b", "b ? a", "@ab #a", "\U0001f621 a", "b b b"] * 3
    labels = np.array([True, False, True, False, True, False, False, True] * 3)
    marks = str(analyzer == "word").lower()
    fitted = learn(family, (texts, labels), analyzer=analyzer, marks=marks)
    return fitted, fitted.export(tmp_path_factory.mktemp("pair") / "bundle", ["a b"], Provenance())


@given(text=st.text(alphabet="abAB !?.@#é\U0001f621\x00\u200d\ue000", max_size=60))
def test_any_text_scores_the_same_in_both(text: str, agreeing_pair: tuple[FittedModel, Bundle]) -> None:
    fitted, bundle = agreeing_pair
    assert bundle.probabilities([text]) == pytest.approx(fitted.probabilities([text]), abs=1e-5)


@pytest.mark.parametrize("family", CLASSIC)
def test_the_same_data_gives_the_same_files(family: str, learn: Learn, tmp_path: Path) -> None:
    first, second = (
        learn(family).export(tmp_path / name, ["the crew"], Provenance()) for name in ("first", "second")
    )
    assert first.sha256 == second.sha256


@pytest.mark.parametrize("family", CLASSIC)
def test_it_learns_what_two_words_mean_together(family: str, learn: Learn) -> None:
    alone, together = learn(family, ngrams="1"), learn(family, ngrams="2")
    texts = ["the crew was not bad at all", "the crew was not good at all"]
    good, bad = together.probabilities(texts)
    assert good - bad > np.subtract(*alone.probabilities(texts))


@pytest.mark.parametrize("family", CLASSIC)
@pytest.mark.parametrize("features", ["counts", "tfidf"])
def test_a_text_of_unknown_words_only_is_answered_as_an_empty_one(
    family: str, features: str, learn: Learn, tmp_path: Path
) -> None:
    data = ["good", "bad"] * 4, np.array([True, False] * 4)
    fitted = learn(family, data, min_count="2", features=features)
    empty, unknown = fitted.export(tmp_path / "bundle", ["good"], Provenance()).probabilities(["", "zzz"])
    assert empty == unknown == pytest.approx(fitted.probabilities([""])[0], abs=1e-6)


@pytest.mark.parametrize("family", CLASSIC)
def test_a_weight_counts_like_so_many_copies(
    family: str, learn: Learn, corpus: tuple[list[str], np.ndarray]
) -> None:
    texts, labels = corpus
    shown = np.array([index % 3 == 0 for index in range(len(texts))])
    twice = [*texts, *(text for text, again in zip(texts, shown, strict=True) if again)]
    # Counts of single words: then only the fit is told of the weights. A forest draws its rows at random.
    options = {"ngrams": "1", "features": "counts"} | ({"trees": "300"} if family == "forest" else {})
    weighted = learn(family, (texts, labels), 1.0 + shown, **options)
    repeated = learn(family, (twice, np.concatenate([labels, labels[shown]])), **options)
    asked = ["my flight was great", "the crew lost my bag"]
    assert np.abs(weighted.probabilities(asked) - repeated.probabilities(asked)).max() < 0.05


@pytest.mark.parametrize("family", CLASSIC)
def test_every_option_is_logged_and_explained(family: str, learn: Learn) -> None:
    parameters = learn(family).parameters
    assert FAMILIES[family].option_help().keys() <= parameters.keys()
    assert parameters["columns"] > 0
    assert parameters["cleaning"] == "plain"


@pytest.mark.parametrize(
    ("family", "options", "reason"),
    [
        ("logreg", {"ngram": "2"}, "there is no option 'ngram'; the options are features"),
        ("logreg", {"ngrams": "two"}, "ngrams takes a whole number, not 'two'"),
        ("logreg", {"ngrams": "9"}, "ngrams must lie between 1 and 4"),
        ("logreg", {"c": "-1"}, "c must lie between"),
        ("logreg", {"c": "nan"}, "c must lie between"),
        ("nb", {"nb_weights": "true"}, "there is no option 'nb_weights'"),
        ("nb", {"alpha": "0"}, "alpha must lie between"),
        ("svm", {"features": "words"}, "features is one of counts, tfidf"),
        ("forest", {"leaves": "1"}, "leaves must lie between"),
        ("forest", {"analyzer": "both"}, "analyzer is one of word, char, not 'both'"),
        ("nb", {"analyzer": "char", "cleaning": "emojis=words"}, "this family reads parts of words"),
        *((each, {"marks": "true", "analyzer": "char"}, "needs a vocabulary of words") for each in CLASSIC),
    ],
)
def test_a_wrong_option_is_named_before_any_work(family: str, options: dict[str, str], reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        FAMILIES[family].check(options)


@pytest.mark.parametrize("family", CLASSIC)
def test_what_a_search_suggests_is_taken(family: str) -> None:
    class Trial:
        def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
            return high

        def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
            return low

        def suggest_categorical(self, name: str, choices: tuple[str, ...]) -> str:
            return choices[-1]

    FAMILIES[family].check(FAMILIES[family].suggest(Trial(), {}))


def test_an_svm_without_rows_to_calibrate_on_says_so(corpus: tuple[list[str], np.ndarray]) -> None:
    texts, labels = corpus
    with pytest.raises(OptionError, match="calibrated on validation rows, at least 2 of each label"):
        FAMILIES["svm"].fit(Examples.of(texts, labels), Examples.of([], labels[:0]), {}, Work())
