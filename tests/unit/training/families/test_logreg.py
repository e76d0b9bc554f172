"""TF-IDF + logistic regression: the exported graph computes what scikit-learn computes."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import Provenance
from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work
from sentiment_training.families.ngrams import LONGEST, NgramTable, largest_prime_below, token_ids

SMALL = {"bucket_bits": "14", "min_count": "1"}

SUBJECTS = ("my flight", "the crew", "your app", "@united", "this airline", "boarding")
GOOD = ("was great", "is lovely :)", "made my day!!", "was not bad at all", "thanks a lot")
BAD = ("was awful", "is late again :(", "lost my bag???", "was not good at all", "never again")


def a_corpus() -> tuple[list[str], np.ndarray]:
    """Sentences whose words alone do not decide: `not bad` is good, `not good` is bad."""
    pairs = [(f"{subject} {ending}", ending in GOOD) for subject in SUBJECTS for ending in GOOD + BAD]
    texts, labels = zip(*pairs, strict=True)
    return list(texts) * 3, np.array(list(labels) * 3)


def learn(texts: list[str], labels: np.ndarray, **options: str) -> FittedModel:
    train, nothing = Examples.of(texts, labels), Examples.of([], labels[:0])
    return FAMILIES["logreg"].fit(train, nothing, SMALL | options, Work())


def fit(**options: str) -> FittedModel:
    texts, labels = a_corpus()
    return learn(texts, labels, **options)


@pytest.fixture(scope="module", params=["1", "2", "3", "4"])
def model(request: pytest.FixtureRequest) -> FittedModel:
    return fit(ngrams=request.param)


def test_it_learns_what_two_words_mean_together() -> None:
    alone, together = fit(ngrams="1"), fit(ngrams="2")
    texts = ["the crew was not bad at all", "the crew was not good at all"]
    good, bad = together.probabilities(texts)
    assert good > 0.5 > bad
    assert good - bad > np.subtract(*alone.probabilities(texts))


def test_the_bundle_agrees_with_scikit_learn_on_thousands_of_texts(
    model: FittedModel, tmp_path: Path
) -> None:
    texts, _ = a_corpus()
    words = sorted({word for text in texts for word in text.split()} | {"unknown", "", "!!", "\U0001f621"})
    generator = np.random.default_rng(7)
    thousands = [" ".join(generator.choice(words, generator.integers(0, 30))) for _ in range(3_000)]
    bundle = model.export(tmp_path / "bundle", ["the crew was great", ""], Provenance())
    difference = np.abs(model.probabilities(thousands) - bundle.probabilities(thousands))
    assert difference.max() <= 1e-5


@given(text=st.text(alphabet="ab !?.@#é\U0001f621\x00\u200d", max_size=60))
def test_any_text_scores_the_same_in_both(text: str, agreeing_pair: tuple[FittedModel, "object"]) -> None:
    fitted, bundle = agreeing_pair
    assert bundle.probabilities([text]) == pytest.approx(fitted.probabilities([text]), abs=1e-5)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def agreeing_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[FittedModel, "object"]:
    texts = ["a b", "b a", "a a b !", "é b", "b ? a", "@ab #a", "\U0001f621 a", "b b b"] * 3
    labels = np.array([True, False, True, False, True, False, False, True] * 3)
    fitted = learn(texts, labels)
    return fitted, fitted.export(tmp_path_factory.mktemp("pair") / "bundle", ["a b"], Provenance())


def test_words_that_share_an_id_score_the_same_in_both(tmp_path: Path) -> None:
    fitted = fit(cleaning="emoticons=words,contractions=words,hashtags=words,stop_words=dropped")
    bundle = fitted.export(tmp_path / "bundle", ["the crew was lovely :)"], Provenance())
    texts = ["The crew isn't lovely :)", "#LovelyCrew is not :(", "the of and", "<3 \u2764\ufe0f don't"]
    assert fitted.probabilities(texts) == pytest.approx(bundle.probabilities(texts), abs=1e-5)
    assert (
        "hashtags=words,emoticons=words,contractions=words,stop_words=dropped"
        == (fitted.parameters["cleaning"])
    )


def test_the_same_data_gives_the_same_files(tmp_path: Path) -> None:
    first, second = (fit().export(tmp_path / name, ["the crew"], Provenance()) for name in "ab")
    assert first.sha256 == second.sha256


def test_every_option_is_logged() -> None:
    parameters = fit(ngrams="2", c="0.5").parameters
    assert parameters["ngrams"] == 2
    assert parameters["c"] == 0.5
    assert parameters["iterations"] > 0


def test_a_text_of_unknown_words_only_is_answered_by_the_bias(tmp_path: Path) -> None:
    fitted = learn(["good", "bad"] * 4, np.array([True, False] * 4), min_count="2")
    bundle = fitted.export(tmp_path / "bundle", ["good"], Provenance())
    empty, unknown = bundle.probabilities(["", "zzz"])
    assert empty == unknown == pytest.approx(fitted.probabilities([""])[0], abs=1e-6)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ngram": "2"}, "there is no option 'ngram'; the options are ngrams"),
        ({"ngrams": "two"}, "ngrams takes a whole number, not 'two'"),
        ({"ngrams": "9"}, "ngrams must lie between 1 and 4"),
        ({"c": "-1"}, "c must lie between"),
        ({"c": "nan"}, "c must lie between"),
    ],
)
def test_a_wrong_option_is_named_before_any_work(options: dict[str, str], reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        FAMILIES["logreg"].check(options)


def a_table(
    texts: list[list[int]], longest: int, min_count: int = 1, most_buckets: int = 2**20
) -> NgramTable:
    return NgramTable.build(
        *laid_out(texts), vocabulary=41, longest=longest, most_buckets=most_buckets, min_count=min_count
    )


def laid_out(texts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(list(itertools.chain(*texts)), np.int32), np.array(
        [len(text) for text in texts], np.int64
    )


def ngrams_of(text: list[int], longest: int) -> list[tuple[int, ...]]:
    return [
        tuple(text[start : start + size])
        for size in range(1, longest + 1)
        for start in range(len(text) - size + 1)
    ]


@given(
    texts=st.lists(st.lists(st.integers(1, 40), max_size=12), min_size=1, max_size=6),
    longest=st.integers(1, LONGEST),
)
def test_the_matrix_holds_each_ngram_of_each_text_and_no_other(texts: list[list[int]], longest: int) -> None:
    table = a_table(texts, longest)
    matrix = table.matrix(*laid_out(texts))
    assert matrix.shape == (len(texts), table.columns)
    for row, text in enumerate(texts):
        distinct = set(ngrams_of(text, longest))
        assert set(matrix[row].data) <= {1.0}
        # Two n-grams may want one bucket, and the rarer one is then not seen; a table is half full at most.
        assert len(distinct) / 2 <= matrix[row].nnz <= len(distinct)
        assert len(set(text)) == (matrix[row].indices < table.vocabulary).sum()


def test_an_ngram_that_is_too_rare_is_not_seen() -> None:
    table = a_table([[1, 2, 3], [1, 2, 4]], longest=2, min_count=2)
    assert np.count_nonzero(table.fingerprints) == 1
    assert table.matrix(*laid_out([[1, 2]])).nnz == 3
    assert table.matrix(*laid_out([[2, 3]])).nnz == 2


def test_of_two_ngrams_in_one_bucket_the_more_frequent_stays() -> None:
    frequent = [1, 2]
    for rare in ([first, second] for first in range(3, 41) for second in range(3, 41)):
        table = a_table([frequent] * 3 + [rare] * 2, longest=2)
        if np.count_nonzero(table.fingerprints) == 1:
            assert table.matrix(*laid_out([frequent])).nnz == 3
            assert table.matrix(*laid_out([rare])).nnz == 2
            return
    pytest.fail("of 1,444 pairs none met the first in 251 buckets")


def test_an_ngram_never_reaches_into_the_next_text() -> None:
    table = a_table([[1, 2]], longest=2)
    assert table.matrix(*laid_out([[1], [2]])).nnz == 2
    assert table.matrix(*laid_out([[1, 2]])).nnz == 3


def test_texts_become_ids_laid_end_to_end() -> None:
    texts, _ = a_corpus()
    fitted = fit()
    ids, lengths = token_ids(fitted.tokenizer, [*texts[:5], ""])  # type: ignore[attr-defined] # of this family
    assert lengths.sum() == len(ids)
    assert lengths[-1] == 0


def test_the_largest_prime_below_is_prime() -> None:
    assert [largest_prime_below(limit) for limit in (4, 10, 2**14, 2**22)] == [3, 7, 16381, 4194301]


@pytest.mark.parametrize("size", [2, 3, 4])
def test_common_words_do_not_crowd_into_few_buckets(size: int) -> None:
    """Multipliers near powers of two once left tiny remainders: the common pairs shared their buckets."""
    texts = [list(item) for item in itertools.product(range(1, {2: 41, 3: 20, 4: 9}[size]), repeat=size)]
    table = a_table(texts, longest=size, most_buckets=2**22)
    distinct = len({ngram for text in texts for ngram in ngrams_of(text, size) if len(ngram) > 1})
    # n in 2n buckets at random: 1 - e^-½ of the buckets, 0.79 n, are taken.
    assert np.count_nonzero(table.fingerprints) >= 0.75 * distinct


def test_a_weight_counts_like_so_many_copies() -> None:
    texts, labels = a_corpus()
    shown = np.array([index % 3 == 0 for index in range(len(texts))])
    train, nothing = Examples.of(texts, labels), Examples.of([], labels[:0])
    copied = Examples.of(
        [*texts, *(text for text, again in zip(texts, shown, strict=True) if again)],
        np.concatenate([labels, labels[shown]]),
    )
    # One vocabulary and one idf for both: only the fit is told of the weights.
    options = SMALL | {"ngrams": "1"}
    weighted = FAMILIES["logreg"].fit(replace(train, weights=1.0 + shown), nothing, options, Work())
    repeated = FAMILIES["logreg"].fit(copied, nothing, options, Work())
    plain = FAMILIES["logreg"].fit(train, nothing, options, Work())
    asked = ["my flight was great", "the crew lost my bag"]
    assert np.abs(weighted.probabilities(asked) - repeated.probabilities(asked)).max() < 0.02
    assert np.abs(weighted.probabilities(asked) - plain.probabilities(asked)).max() > 0.005
