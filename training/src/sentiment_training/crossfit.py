"""Answers to texts by models that have not learned them: of several models, each learns all folds but one.

What a model says of a tweet that it has learned is what it was told. Answers from outside the fold can teach
another model (`families/teacher.py`), and show labels that are wrong. Wolpert 1992, "Stacked Generalization";
Chernozhukov et al. 2018, "Double/Debiased Machine Learning", call it cross-fitting.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.special import expit

from sentiment_training.checkpoints import PIECES, identity, kept_checkpoints
from sentiment_training.datasets import folds_of
from sentiment_training.errors import OptionError
from sentiment_training.evaluation import probabilities
from sentiment_training.families import FAMILIES, Examples, Work
from sentiment_training.families.teacher import log_odds_of
from sentiment_training.material import Material, described, prepare
from sentiment_training.metrics import FloatArray, IntArray
from sentiment_training.pieces import is_kept, kept_piece
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
) -> CrossFitted:
    """Train a model a fold on all other folds, and let it answer its own.

    No model sees a row that a training of the same data sets would choose by or measure on. What a fold's
    model answered is kept: the same command, ended and called again, trains none twice.

    Parameters
    ----------
    folds
        How many, 2 or more.
    asked
        Other texts to answer.
    cache
        Where checkpoints and answers are kept (`open_cache`).

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
    for name, counts in material.counts.items():
        say(described(name, counts))
    own = folds_of(pa.array(learned.texts, pa.large_string()), folds)
    _require_rows(learned, own, folds)
    say(f"answer {len(learned):,} tweets in {folds} folds")
    kept = _identity(recipe, material, validation)
    probability = np.empty(len(learned))
    answers = [np.zeros(len(each.texts)) for each in asked]
    with progress.step("folds", folds) as advance:
        for fold in range(folds):
            rows = np.flatnonzero(own == fold)
            others = [np.flatnonzero((each.folds == fold) | (each.folds == ALL_FOLDS)) for each in asked]
            texts = [learned.texts[row] for row in rows.tolist()]
            for each, places in zip(asked, others, strict=True):
                texts += [each.texts[place] for place in places.tolist()]
            about = {**kept, "fold": shown_fold(fold, folds)}
            named = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
            if is_kept(texts, cache / PIECES, named):
                say(f"fold {shown_fold(fold, folds)} was answered before")
            to_learn = learned.chosen(np.flatnonzero(own != fold))
            answer = partial(_answers, recipe, about, to_learn, validation, progress, say, cache)
            found = kept_piece(texts, cache / PIECES, named, answer, ()).astype(np.float64)
            ends = np.cumsum([len(rows), *map(len, others)])[:-1]
            probability[rows], *theirs = np.split(found, ends)
            for sums, places, of, said in zip(answers, others, asked, theirs, strict=True):
                sums[places] += log_odds_of(said) / np.where(of.folds[places] == ALL_FOLDS, folds, 1)
            advance()
    return CrossFitted(learned, own, probability, [expit(each) for each in answers])


def shown_fold(fold: int, folds: int) -> str:
    """Write a fold as files have it: 1/4 is the first of four."""
    return f"{fold + 1}/{folds}"


def _answers(
    recipe: Recipe,
    about: Mapping[str, object],
    learned: Examples,
    validation: Examples,
    progress: Progress,
    say: Callable[[str], None],
    cache: Path,
    texts: Sequence[str],
) -> FloatArray:
    """Train a model and ask it."""
    with kept_checkpoints(cache, about, say) as checkpoints:
        work = Work(progress, recipe.seed, checkpoints=checkpoints, pieces=cache / PIECES, say=say)
        model = FAMILIES[recipe.family].fit(learned, validation, recipe.options, work)
        return probabilities(model.probabilities, texts, progress, "answer")


def _require_rows(learned: Examples, own: IntArray, folds: int) -> None:
    """Raise OptionError if a fold has nothing to answer, or its model one label only to learn from."""
    for fold in range(folds):
        left = learned.labels[own != fold]
        if len(left) == len(own) or left.all() or not left.any():
            raise OptionError(
                f"{len(own):,} tweets are too few for {folds} folds with both labels outside of each; give "
                "more of them, or fewer --folds"
            )


def _identity(recipe: Recipe, material: Material, validation: Examples) -> dict[str, object]:
    """All that the answers depend on, but the fold."""
    return {
        **identity(recipe.family, recipe.options, material.fingerprint, material.weighted, recipe.seed),
        "validation": validation.sha256(),
        "files": list(_files(recipe.options)),
    }


def _files(options: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
    """Files that options name, with size and time of change: other weights may lie there another day."""
    for value in options.values():
        for named in dict.fromkeys([value, *value.split(",")]):
            path = Path(named)
            for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if each.is_file():
                    yield str(each), each.stat().st_size, each.stat().st_mtime_ns
