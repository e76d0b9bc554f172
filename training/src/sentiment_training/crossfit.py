"""Answers to texts by models that have not learned them: of several models, each learns all folds but one.

What a model says of a tweet that it has learned is what it was told. Answers from outside the fold can teach
another model (`families/teacher.py`), and show labels that are wrong. Wolpert 1992, "Stacked Generalization";
Chernozhukov et al. 2018, "Double/Debiased Machine Learning", call it cross-fitting.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from shutil import rmtree

import numpy as np
import pyarrow as pa
from scipy.special import expit

from sentiment import Bundle, Provenance
from sentiment.errors import BundleError
from sentiment_training.checkpoints import FOLDS, PIECES, digest_of, identity, kept_checkpoints
from sentiment_training.datasets import folds_of
from sentiment_training.errors import OptionError
from sentiment_training.evaluation import Scorer, probabilities
from sentiment_training.families import FAMILIES, Examples, Work
from sentiment_training.families.teacher import bundle_answers, log_odds_of
from sentiment_training.golden import GOLDEN_TEXTS
from sentiment_training.material import Material, prepare
from sentiment_training.metrics import FloatArray, IntArray
from sentiment_training.pieces import kept_piece
from sentiment_training.progress import Progress
from sentiment_training.recipe import Recipe

ALL_FOLDS = -1
"""Stands for the fold of a text that no fold's model has learned, nor what it was made of."""


@dataclass(frozen=True)
class Asked:
    """Texts to answer that nobody labelled.

    Attributes
    ----------
    texts
        Shape (n,), none empty.
    folds
        By the model of which fold each is answered, from 0, shape (n,); ALL_FOLDS by the mean log-odds of
        all.
    """

    texts: Sequence[str]
    folds: IntArray


@dataclass(frozen=True)
class CrossFitted:
    """What came of it.

    Attributes
    ----------
    learned
        The rows that a training of the recipe learns, without those that a model labelled.
    folds
        Of each row, from 0, shape (n,).
    probability
        Of *positive*, by the model that has not learned the row, shape (n,).
    asked
        Probability of *positive* of the other texts, in their order.
    """

    learned: Examples
    folds: IntArray
    probability: FloatArray
    asked: Sequence[FloatArray]


def crossfit(
    recipe: Recipe,
    folds: int,
    asked: Sequence[Asked],
    progress: Progress,
    say: Callable[[str], None],
    cache: Path,
    *,
    fresh: bool = False,
) -> CrossFitted:
    """Train a model a fold on all other folds, and let it answer its own.

    No model learns a row that a training of the same data sets would choose by or measure on; where its
    family chooses, it chooses by the same rows. Each is kept for a while, with what it answered: the same
    command, ended and called again, or with more to ask, trains none twice. What is asked later is answered
    by its bundle, which may be rounded.

    Parameters
    ----------
    folds
        How many, 2 or more.
    asked
        Other texts to answer.
    cache
        Where checkpoints, models and answers are kept (`open_cache`).
    fresh
        Train all of them, whatever is kept.

    Raises
    ------
    DatasetError
        If a data set cannot be used; before any long work.
    OptionError
        If there are too few rows for so many folds.
    """
    recipe = recipe.of_people()
    # Always with rows to choose by: a student that chooses by them must not have learned of them.
    material = prepare(recipe, progress, validate=True)
    learned, validation = material.train(), material.validation()
    if not FAMILIES[recipe.family].needs_validation:
        validation = validation.chosen(np.array([], np.int64))
    for line in material.lines():
        say(line)
    own = folds_of(pa.array(learned.texts, pa.large_string()), folds)
    _require_rows(learned, own, folds)
    say(f"answer {len(learned):,} tweets in {folds} folds")
    kept = _identity(recipe, material, learned, validation)
    probability = np.empty(len(learned))
    answers = [np.zeros(len(each.texts)) for each in asked]
    with progress.step("folds", folds) as advance:
        for fold in range(folds):
            about = {**kept, "fold": shown_fold(fold, folds)}
            to_learn = learned.chosen(np.flatnonzero(own != fold))
            model = _FoldModel(recipe, about, to_learn, validation, progress, say, cache, fresh)
            rows = np.flatnonzero(own == fold)
            probability[rows] = model.answers([learned.texts[row] for row in rows.tolist()])
            for sums, each in zip(answers, asked, strict=True):
                places = np.flatnonzero((each.folds == fold) | (each.folds == ALL_FOLDS))
                said = log_odds_of(model.answers([each.texts[place] for place in places.tolist()]))
                sums[places] += said / np.where(each.folds[places] == ALL_FOLDS, folds, 1)
            advance()
    return CrossFitted(learned, own, probability, [expit(each) for each in answers])


def shown_fold(fold: int, folds: int) -> str:
    """Write a fold as files have it: 1/4 is the first of four."""
    return f"{fold + 1}/{folds}"


@dataclass
class _FoldModel:
    """A fold's model, trained or kept from before, and what it answered."""

    recipe: Recipe
    about: Mapping[str, object]
    learned: Examples
    validation: Examples
    progress: Progress
    say: Callable[[str], None]
    cache: Path
    fresh: bool

    def answers(self, texts: Sequence[str]) -> FloatArray:
        """Probability of *positive*, shape (n,)."""
        if not texts:
            return np.empty(0)
        bundle, scorer = self._opened
        ask = partial(probabilities, scorer, progress=self.progress, step="answer")
        return kept_piece(texts, self.cache / PIECES, bundle.sha256, ask, ()).astype(np.float64)

    @cached_property
    def _opened(self) -> tuple[Bundle, Scorer]:
        folder = self.cache / FOLDS / digest_of(self.about)
        if not self.fresh and (bundle := self._kept(folder)):
            return bundle, partial(bundle_answers, bundle)
        rmtree(folder, ignore_errors=True)
        self.say(f"fold {self.about['fold']}: learn {len(self.learned):,} tweets of the others")
        with kept_checkpoints(self.cache, self.about, self.say, fresh=self.fresh) as checkpoints:
            work = Work(
                self.progress,
                self.recipe.seed,
                checkpoints=checkpoints,
                pieces=self.cache / PIECES,
                say=self.say,
            )
            family = FAMILIES[self.recipe.family]
            model = family.fit(self.learned, self.validation, self.recipe.options, work)
            # Another process may have come to the same end meanwhile.
            bundle = self._kept(folder) or model.export(folder, GOLDEN_TEXTS, Provenance())
        # Asked in the trainer's hands: on a GPU, where there is one.
        return bundle, model.probabilities

    def _kept(self, folder: Path) -> Bundle | None:
        """Open what an earlier call left, if it did, and whole."""
        if not folder.is_dir():
            return None
        try:
            bundle = Bundle.open(folder)
        except BundleError as fault:
            self.say(
                f"fold {self.about['fold']} is learned again, for what was kept of it is damaged ({fault})"
            )
            rmtree(folder)
            return None
        self.say(f"fold {self.about['fold']} was learned before; --fresh learns it again")
        return bundle


def _require_rows(learned: Examples, own: IntArray, folds: int) -> None:
    """Raise OptionError if a fold has nothing to answer, or its model one label only to learn from."""
    for fold in range(folds):
        left = learned.labels[own != fold]
        if len(left) == len(own) or left.all() or not left.any():
            raise OptionError(
                f"{len(own):,} tweets are too few for {folds} folds with both labels outside of each; give "
                "more of them, or fewer --folds"
            )


def _identity(
    recipe: Recipe, material: Material, learned: Examples, validation: Examples
) -> dict[str, object]:
    """All that the answers depend on, but the fold."""
    return {
        **identity(recipe.family, recipe.options, learned.sha256(), material.weighted, recipe.seed),
        "validation": validation.sha256(),
        "files": list(_files(recipe.options)),
    }


def _files(options: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
    """Files that options name, with size and time of change: other weights may lie there another day."""
    for value in options.values():
        for named in dict.fromkeys([value, *value.split(",")]):
            # os.path's say no where a path cannot be one; Path's raise.
            inside = sorted(Path(named).rglob("*")) if named and os.path.isdir(named) else [Path(named)]  # noqa: PTH112
            for each in inside:
                if os.path.isfile(each):  # noqa: PTH113
                    yield str(each), each.stat().st_size, each.stat().st_mtime_ns
