"""The data of a run: loaded, cleaned over all files together, split, and named by content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from sentiment import LANGUAGE_NAMES
from sentiment_training.datasets import (
    LABEL,
    PREDICTION,
    Counts,
    Dataset,
    Split,
    fingerprint,
    joined,
    load_dataset,
    load_rows,
    of_users_learned,
    split,
    with_strangers,
    without_duplicates,
    without_texts_of,
)
from sentiment_training.errors import OptionError
from sentiment_training.families import Examples
from sentiment_training.progress import Progress
from sentiment_training.recipe import HELD_OUT, Recipe, Source

# Rows of a data set to choose by, at most: its accuracy is then known to half a point. More would only be
# missing where it is learned.
MOST_VALIDATED = 20_000


@dataclass(frozen=True)
class Material:
    """The data of a run: split, cleaned, and named by content.

    Attributes
    ----------
    weights
        Those of the splits, in their order.
    neutral_weights
        What their neutral rows count against the others.
    """

    splits: list[Split]
    weights: list[float]
    neutral_weights: list[float]
    held_out: Dataset
    evaluation: dict[str, Dataset]
    counts: dict[str, Counts]
    fingerprint: str

    @property
    def weighted(self) -> list[tuple[str, float]]:
        """Name and weight of each data set that is learned, in their order; then of the neutral rows."""
        names = [each.train.name for each in self.splits]
        neutral = [
            (f"{name}, neutral", weight)
            for name, weight in zip(names, self.neutral_weights, strict=True)
            if weight
        ]
        return [*zip(names, self.weights, strict=True), *neutral]

    @property
    def polar_rows(self) -> int:
        """Rows that are learned, without the neutral ones."""
        return sum(len(each.train) for each in self.splits)

    @property
    def polar_positives(self) -> int:
        """Positive ones of these."""
        return sum(each.train.positives for each in self.splits)

    def train(self) -> Examples:
        """Return what is learned; at the end what is neutral, half as negative and half as positive."""
        sets = list(zip(self.splits, self.weights, self.neutral_weights, strict=True))
        laid = [(number, each.train, weight) for number, (each, weight, _) in enumerate(sets)]
        laid += [
            (number, neutral, weight * share / 2)
            for number, (each, weight, share) in enumerate(sets)
            for neutral in each.both_ways()
        ]
        return self._examples(laid)

    def validation(self) -> Examples:
        """Return what is chosen by; empty where no choice was announced."""
        sets = zip(self.splits, self.weights, strict=True)
        return self._examples(
            [(number, each.validation, weight) for number, (each, weight) in enumerate(sets)]
        )

    def to_evaluate(self, most: int | None = None) -> dict[str, Dataset]:
        """All data sets to measure a model on, by name; sources and languages apart where there are more.

        Parameters
        ----------
        most
            Rows of each, evenly chosen; None takes all.
        """
        parts = dict(_parts(self.splits, self.evaluation))
        if most is None:
            return {HELD_OUT: self.held_out, **parts}
        return {HELD_OUT: self._mixed(most), **{name: each.thinned(most) for name, each in parts.items()}}

    def lines(self) -> list[str]:
        """Say what was read, what was dropped, and what is neutral."""
        return [
            *(described(name, counts) for name, counts in self.counts.items()),
            *(
                f"{each.train.name}: {len(each.neutral):,} neutral tweets are learned, half as either label"
                for each in self.splits
                if each.neutral is not None
            ),
        ]

    def _examples(self, laid: Sequence[tuple[int, Dataset, float]]) -> Examples:
        """Lay data sets end to end, each with its number and what a row of it weighs."""
        sizes = [len(each) for _, each, _ in laid]
        return Examples(
            texts=pa.concat_arrays([each.texts for _, each, _ in laid]).to_pylist(),
            labels=np.concatenate([each.labels for _, each, _ in laid]),
            weights=np.repeat(np.array([weight for *_, weight in laid], np.float64), sizes),
            domains=np.repeat([number for number, *_ in laid], sizes),
            names=[each.train.name for each in self.splits],
        )

    def _mixed(self, most: int) -> Dataset:
        """Rows of all sources in their proportion, of those that are measured apart: they are scored once."""
        sizes = [len(each.held_out) for each in self.splits]
        ends = np.rint(np.cumsum([0, *sizes]) * min(1.0, most / sum(sizes))).astype(np.int64)
        parts = [each.held_out.thinned(most) for each in self.splits]
        mixed = [part.thinned(int(size)) for part, size in zip(parts, np.diff(ends), strict=True)]
        return joined(HELD_OUT, mixed)


def prepare(recipe: Recipe, progress: Progress, *, validate: bool = False) -> Material:
    """Load every data set, drop what must not be learned, and hold rows out.

    Duplicates and contradictions are sought over all training files together, so that no text is on both
    sides; evaluation sets stay as they are, and what they hold is taken out of the training files.

    Parameters
    ----------
    validate
        Whether rows to choose by are wanted too.

    Raises
    ------
    DatasetError
        If a data set cannot be used.
    OptionError
        If two have the same name, or rows cannot be held out as the recipe says.
    """
    sources = len(recipe.data) + len(recipe.evaluation)
    with progress.step("load", sources) as advance:
        evaluation = {}
        for name, source in recipe.evaluation.items():
            evaluation[name] = load_dataset(source, name)
            advance()
        loaded, neutral = [], []
        for each in recipe.data:
            polar, neither = _loaded(each)
            loaded.append(polar)
            neutral.append(neither)
            advance()
    _require_names([*(each.name for each in loaded), *evaluation])
    with progress.step("clean"):
        cleaned = _cleaned(loaded, recipe.data, list(evaluation.values()))
        neutral = _neither(neutral, [*loaded, *evaluation.values()])
        splits = [
            _to_learn(_parted(polar, neither, source, recipe.test_share, validate), source, recipe.seed)
            for polar, neither, source in zip(cleaned, neutral, recipe.data, strict=True)
        ]
    _require_names([name for name, _ in _parts(splits, evaluation)])
    with progress.step("fingerprint"):
        content = fingerprint(each for parted in splits for each in (parted.train, *parted.both_ways()))
    return Material(
        splits=splits,
        weights=[each.weight for each in recipe.data],
        neutral_weights=[each.neutral for each in recipe.data],
        held_out=joined(HELD_OUT, [each.held_out for each in splits]),
        evaluation=evaluation,
        counts={each.name: each.counts for each in (*cleaned, *evaluation.values())},
        fingerprint=content,
    )


def _loaded(source: Source) -> tuple[Dataset, Dataset | None]:
    """Load what is negative or positive of a data set, and what is neutral where that is wanted."""
    rows = load_rows(source.source, label=LABEL if source.held_out else PREDICTION)
    return rows.dataset(), rows.neutral() if source.neutral else None


def _cleaned(
    loaded: Sequence[Dataset], sources: Sequence[Source], evaluation: Sequence[Dataset]
) -> list[Dataset]:
    """Drop what would be learned twice or both ways, and what is measured; the data sets stay in order.

    What a model said neither stands against a person's word nor beside it.
    """
    of_people = [each for each, source in zip(loaded, sources, strict=True) if source.held_out]
    of_models = [each for each, source in zip(loaded, sources, strict=True) if not source.held_out]
    cleaned = iter(without_texts_of(without_duplicates(of_people), evaluation))
    beside = iter(without_texts_of(without_duplicates(of_models), [*evaluation, *of_people]))
    return [next(cleaned if source.held_out else beside) for source in sources]


def _neither(neutral: Sequence[Dataset | None], labelled: Sequence[Dataset]) -> list[Dataset | None]:
    """Drop what would be learned twice, or is somewhere negative or positive; the data sets stay in order."""
    asked = without_duplicates([each for each in neutral if each is not None])
    kept = iter(without_texts_of(asked, labelled))
    return [None if each is None else next(kept) for each in neutral]


def _parted(dataset: Dataset, neutral: Dataset | None, source: Source, share: float, validate: bool) -> Split:
    """Hold rows out, unless all are to be learned."""
    dataset = dataset.require_both_classes()
    if source.held_out:
        parted = split(dataset, share, MOST_VALIDATED if validate else 0)
        return replace(parted, neutral=None if neutral is None else of_users_learned(neutral, parted))
    none = dataset.where(np.zeros(len(dataset), np.bool_))
    return Split(train=dataset, validation=none, held_out=none, rule="none")


def _parts(splits: Sequence[Split], evaluation: Mapping[str, Dataset]) -> list[tuple[str, Dataset]]:
    """What is measured apart, by name: each source where there are several, and each language."""
    sources = [(f"{HELD_OUT}_{each.held_out.name}", each.held_out) for each in splits if len(each.held_out)]
    given = [*sources, *evaluation.items()]
    languages = [
        (f"{name}_{language}", part)
        for name, dataset in given
        for language, part in dataset.by_language().items()
    ]
    return [*(sources if len(sources) > 1 else []), *evaluation.items(), *languages]


def _require_names(names: Sequence[str]) -> None:
    """Raise OptionError if two data sets have one name: weights, figures and checkpoints go by it."""
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise OptionError(
            f"two data sets, or one and a language of another, are called {twice}, and their figures and "
            "weights go by that name; rename a file, or name the --eval set otherwise"
        )


def _to_learn(parted: Split, source: Source, seed: int) -> Split:
    """Change what is learned as the recipe says; rows that are apart stay what they are: figures compare."""
    train, neutral = parted.train, parted.neutral
    if source.rows is not None:
        train = train.thinned(source.rows)
        if neutral is not None:
            neutral = neutral.thinned(round(len(neutral) * len(train) / len(parted.train)))
    if source.strangers:
        train = with_strangers(train, source.strangers, seed)
        if neutral is not None:
            neutral = with_strangers(neutral, source.strangers, seed)
    return replace(parted, train=train, neutral=neutral)


def unanswered_languages(material: Material, codes: Sequence[str]) -> dict[str, list[str]]:
    """List, by data set, the languages of its texts, as it spells them, of which `codes` has none."""
    known = {*codes, *(LANGUAGE_NAMES[code].lower() for code in codes)}
    spelled = {each.held_out.name: each.held_out.languages for each in material.splits}
    found = {
        name: sorted({each for each in languages.tolist() if each and each.lower() not in known})
        for name, languages in spelled.items()
        if languages is not None
    }
    return {name: each for name, each in found.items() if each}


def described(name: str, counts: Counts) -> str:
    """Say what was read and what was dropped, in one line."""
    why = counts.why_dropped()
    return f"{name}: {counts.read:,} rows read, {counts.kept:,} kept" + (f" (dropped {why})" if why else "")
