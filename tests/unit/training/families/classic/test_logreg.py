"""Logistic regression and its like mean what scikit-learn means by them."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from sentiment_training.errors import OptionError
from sentiment_training.families import FittedModel
from sentiment_training.families.classic import features, spelling

Learn = Callable[..., FittedModel]


@pytest.mark.parametrize("kind", ["counts", "tfidf"])
@pytest.mark.parametrize(
    ("family", "classifier"),
    [("logreg", LogisticRegression(C=1, tol=1e-6)), ("nb", MultinomialNB(alpha=1))],
    ids=["logreg", "nb"],
)
def test_it_is_close_to_a_pipeline_of_scikit_learns_own(
    family: str, classifier: object, kind: str, learn: Learn, corpus: tuple[list[str], np.ndarray]
) -> None:
    """Half-precision weights and one byte of inverse document frequency cost 0.002 of a probability."""
    texts, labels = corpus
    ours = learn(family, features=kind, ngrams="1")
    tokenizer = ours.preparation.features.vocabulary.tokenizer  # type: ignore[attr-defined] # of these families
    vectorizer = CountVectorizer(
        analyzer=lambda text: [token for token in tokenizer.encode(text).tokens if token != "[UNK]"],
        binary=kind == "tfidf",
    )
    weigh = [TfidfTransformer()] if kind == "tfidf" else []
    theirs = make_pipeline(vectorizer, *weigh, classifier).fit(texts, labels)
    assert ours.probabilities(texts) == pytest.approx(theirs.predict_proba(texts)[:, 1], abs=0.002)


def test_characters_see_a_word_that_was_never_learned(learn: Learn) -> None:
    by_word, by_character = learn(), learn(analyzer="char")
    texts = ["greatest", "awfully"]
    assert len(set(by_word.probabilities(texts))) == 1
    good, bad = by_character.probabilities(texts)
    assert good > bad


def test_spelling_tells_what_a_rare_word_is_like(learn: Learn) -> None:
    """Seen once, and in a text that says the opposite: the words spelled like it outvote that."""
    good, bad = ["lovely", "lovelier", "loveliest", "lovable"], ["awful", "awfully", "dreadful", "awfulness"]
    texts = good * 6 + bad * 6 + ["awful awful lovelyy"]
    labels = np.array([True] * 24 + [False] * 25)
    alone, spelled = (learn(data=(texts, labels), analyzer=each, ngrams="1") for each in ("word", "both"))
    assert alone.probabilities(["lovelyy"])[0] < 0.5 < spelled.probabilities(["lovelyy"])[0]


def test_the_solver_says_how_often_it_went_round(learn: Learn) -> None:
    assert learn().parameters["iterations"] > 0


def test_too_many_ngrams_for_the_memory_are_refused(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "MOST_NGRAMS", 2_000)
    monkeypatch.setattr(spelling, "MOST_VALUES", 1_000)
    for analyzer in ("char", "both"):
        with pytest.raises(OptionError, match="would not fit into 6 GB of memory; give fewer rows"):
            learn(analyzer=analyzer, ngrams="1")
