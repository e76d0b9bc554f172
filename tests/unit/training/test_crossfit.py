"""Cross-fitting: who answers a tweet has not learned it, and what was answered is not answered twice."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from sentiment import Bundle, Provenance
from sentiment_training import crossfit as fitting
from sentiment_training.crossfit import ALL_FOLDS, Asked, CrossFitted, crossfit
from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work
from sentiment_training.material import prepare
from sentiment_training.progress import SilentProgress
from sentiment_training.recipe import Recipe, Source

KNOWN, UNKNOWN = 0.9, 0.2


@dataclass(frozen=True)
class Parrot:
    """Knows nothing but whether it has learned a text."""

    learned: frozenset[str]

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([KNOWN if text in self.learned else UNKNOWN for text in texts])

    def export(self, folder: Path, golden_texts: Sequence[str], provenance: Provenance) -> Bundle:
        """Leave something else behind: no parrot can be a bundle."""
        texts = sorted(self.learned)
        some = Examples.of(texts, np.arange(len(texts)) % 2 == 0)
        return FAMILIES["nb"].fit(some, some, {}, Work()).export(folder, golden_texts, provenance)


class ParrotFamily:
    """Trains parrots, and dies of the training after `survives`."""

    name = "parrot"
    needs_validation = True

    def __init__(self) -> None:
        self.trained: list[frozenset[str]] = []
        self.chosen_by: list[Examples] = []
        self.survives = 100

    def fit(self, train: Examples, validation: Examples, _options: Mapping[str, str], _work: Work) -> Parrot:
        if len(self.trained) == self.survives:
            raise KeyboardInterrupt
        self.trained.append(frozenset(train.texts))
        self.chosen_by.append(validation)
        return Parrot(self.trained[-1])


class CountedFamily:
    """Naive Bayes that counts how often it is trained."""

    name = "nb"
    needs_validation = False

    def __init__(self) -> None:
        self.trained = 0

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> FittedModel:
        self.trained += 1
        return FAMILIES["nb"].fit(train, validation, options, work)


@pytest.fixture
def family(monkeypatch: pytest.MonkeyPatch) -> Iterator[ParrotFamily]:
    family = ParrotFamily()
    monkeypatch.setattr(fitting, "FAMILIES", {"parrot": family})
    return family  # type: ignore[return-value]  # pytest's


@pytest.fixture
def recipe(a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]) -> Recipe:
    texts, labels = tweets(300)
    mentioning = [f"@{'münchen' if i % 2 else 'united'} {text}" for i, text in enumerate(texts)]
    file = a_file("mine.csv", {"text": mentioning, "label": [int(each) for each in labels]})
    scored = a_file("scored.csv", {"text": ["so late", "so good"], "prediction": ["negative", "positive"]})
    return Recipe("parrot", [Source(file, strangers=0.5), Source(scored, held_out=False)])


def fitted(
    recipe: Recipe, cache: Path, folds: int = 3, asked: Sequence[Asked] = (), *, fresh: bool = False
) -> CrossFitted:
    return crossfit(recipe, folds, asked, SilentProgress(), lambda _line: None, cache, fresh=fresh)


def test_no_model_answers_what_it_has_learned_under_whichever_name(
    family: ParrotFamily, recipe: Recipe, tmp_path: Path
) -> None:
    found = fitted(recipe, tmp_path)

    assert set(found.probability.tolist()) == {UNKNOWN}
    for fold, learned in enumerate(family.trained):
        # Copies with a made-up name are in the fold of their tweet.
        said = {text.split(" ", 1)[1] for text in learned}
        apart = [text for text, own in zip(found.learned.texts, found.folds, strict=True) if own == fold]
        assert apart
        assert not said & {text.split(" ", 1)[1] for text in apart}
        assert len(learned) + len(apart) == len(found.learned)
    copies = [text for text in found.learned.texts if not text.startswith(("@united", "@münchen"))]
    assert len(copies) > 50


def test_nothing_is_learned_that_is_chosen_by_or_measured_on_or_that_a_model_labelled(
    family: ParrotFamily, recipe: Recipe, a_file: Callable[..., str], tmp_path: Path
) -> None:
    material = prepare(recipe, SilentProgress(), validate=True)
    measured = material.splits[0].train.texts.to_pylist()[:5]
    evaluated = a_file("measured.csv", {"text": measured, "label": [0, 1, 0, 1, 0]})

    found = fitted(replace(recipe, evaluation={"measured": evaluated}), tmp_path)

    assert all(len(each) > 10 for each in family.chosen_by)
    apart = {
        *family.chosen_by[0].texts,
        *material.held_out.texts.to_pylist(),
        *measured,
        "so late",
        "so good",
    }
    assert not set(found.learned.texts) & apart


def test_other_texts_are_answered_by_their_fold_or_by_all(
    family: ParrotFamily, recipe: Recipe, tmp_path: Path
) -> None:
    learned = fitted(recipe, tmp_path / "one")
    texts, folds = learned.learned.texts, learned.folds
    of_folds = Asked(texts, folds)
    of_all = Asked([*texts[:5], "nobody has learned this"], np.full(6, ALL_FOLDS))

    found = fitted(recipe, tmp_path / "two", asked=[of_folds, of_all])

    assert found.asked[0] == pytest.approx(np.full(len(texts), UNKNOWN))
    odds = (KNOWN / (1 - KNOWN)) ** (2 / 3) * (UNKNOWN / (1 - UNKNOWN)) ** (1 / 3)
    assert found.asked[1] == pytest.approx([*[odds / (1 + odds)] * 5, UNKNOWN])
    assert len(family.trained) == 6


def test_a_fold_that_was_learned_is_not_learned_again(
    family: ParrotFamily, recipe: Recipe, tmp_path: Path
) -> None:
    family.survives = 2
    with pytest.raises(KeyboardInterrupt):
        fitted(recipe, tmp_path)
    family.survives = 100

    found = fitted(recipe, tmp_path)

    assert len(family.trained) == 3
    assert len({*family.trained}) == 3
    # What was answered before the end came stands beside what is answered now.
    assert set(found.probability.tolist()) == {UNKNOWN}


def test_more_can_be_asked_afterwards(
    monkeypatch: pytest.MonkeyPatch, recipe: Recipe, tmp_path: Path
) -> None:
    counted = CountedFamily()
    monkeypatch.setattr(fitting, "FAMILIES", {"nb": counted})
    recipe = replace(recipe, family="nb")
    other = Asked(["late again", "lovely crew", "late again"], np.array([0, 0, ALL_FOLDS]))
    at_once = fitted(recipe, tmp_path / "one", asked=[other])

    first = fitted(recipe, tmp_path / "two")
    later = fitted(recipe, tmp_path / "two", asked=[other])

    assert counted.trained == 6
    assert np.array_equal(first.probability, later.probability)
    assert later.asked[0] == pytest.approx(at_once.asked[0], abs=1e-5)
    assert later.asked[0][0] < 0.5 < later.asked[0][1]
    fitted(recipe, tmp_path / "two", fresh=True)
    assert counted.trained == 9


def test_two_that_do_the_same_at_once_both_come_to_their_end(
    family: ParrotFamily, recipe: Recipe, tmp_path: Path
) -> None:
    # Regression: the second found the first one's models where its own should go.
    once = family.fit
    cache = tmp_path / "cache"

    def meanwhile(train: Examples, validation: Examples, options: Mapping[str, str], work: Work) -> Parrot:
        family.fit = once  # type: ignore[method-assign]
        fitted(recipe, cache)
        return once(train, validation, options, work)

    family.fit = meanwhile  # type: ignore[method-assign]
    fitted(recipe, cache)

    assert len(family.trained) == 4


def test_a_damaged_model_is_learned_again(family: ParrotFamily, recipe: Recipe, tmp_path: Path) -> None:
    fitted(recipe, tmp_path)
    next((tmp_path / "folds").rglob("model.onnx")).write_bytes(b"cut short")

    fitted(recipe, tmp_path)

    assert len(family.trained) == 4


def test_the_same_tweets_under_other_weights_are_learned_anew(
    family: ParrotFamily,
    a_file: Callable[..., str],
    tweets: Callable[..., tuple[list[str], list[bool]]],
    tmp_path: Path,
) -> None:
    texts, labels = tweets(600)
    label = [int(each) for each in labels]
    for cut in (300, 340):
        of = [
            a_file("light.csv", {"text": texts[:cut], "label": label[:cut]}),
            a_file("heavy.csv", {"text": texts[cut:], "label": label[cut:]}),
        ]
        fitted(Recipe("parrot", [Source(of[0]), Source(of[1], weight=10)]), tmp_path, folds=2)

    assert len(family.trained) == 4


def test_other_weights_at_the_same_place_are_other_models(
    family: ParrotFamily, recipe: Recipe, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.onnx").write_bytes(b"one")
    recipe = Recipe(
        "parrot", recipe.data, options={"weights": f"{weights},", "expert": "", "long": "x," * 500}
    )
    fitted(recipe, tmp_path)

    (weights / "model.onnx").write_bytes(b"two")
    os.utime(weights / "model.onnx", ns=(1, 1))
    fitted(recipe, tmp_path)
    fitted(recipe, tmp_path)

    assert len(family.trained) == 6


@pytest.mark.usefixtures("family")
def test_too_few_tweets_for_so_many_folds_are_refused(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]], tmp_path: Path
) -> None:
    texts, labels = tweets(40)
    file = a_file("few.csv", {"text": texts, "label": [int(each) for each in labels]})

    with pytest.raises(OptionError, match="are too few for 200 folds with both labels outside of each"):
        fitted(Recipe("parrot", [Source(file, held_out=True)]), tmp_path, folds=200)
