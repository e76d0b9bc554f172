"""Trains a model from data sets to a registered version: one straight story."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sentiment import Bundle, Provenance
from sentiment_training.datasets import (
    Counts,
    Dataset,
    Split,
    fingerprint,
    joined,
    load_dataset,
    split,
    without_duplicates,
    without_texts_of,
)
from sentiment_training.errors import ParityError
from sentiment_training.evaluation import Evaluation, evaluate, probabilities
from sentiment_training.families import Family, FittedModel
from sentiment_training.golden import GOLDEN_TEXTS
from sentiment_training.progress import Progress
from sentiment_training.provenance import git_state
from sentiment_training.pyfunc_packing import BUNDLE
from sentiment_training.registry import Registry, Version
from sentiment_training.runs import TrainingRun

HELD_OUT = "heldout"
# Enough that a fault in one text of a thousand is met with certainty; a second or two.
CHECKED_TEXTS = 5_000
LARGEST_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Recipe:
    """What to train, on what, and how."""

    family: Family
    data: Sequence[str]
    evaluation_data: Mapping[str, str]
    options: Mapping[str, str]
    test_share: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class Material:
    """The data of a run: split, cleaned, and named by content."""

    splits: list[Split]
    train: Dataset
    held_out: Dataset
    evaluation: dict[str, Dataset]
    counts: dict[str, Counts]
    fingerprint: str

    def to_evaluate(self) -> dict[str, Dataset]:
        """All data sets to measure a model on, by name; each source apart where there are more."""
        apart = {f"{HELD_OUT}_{each.held_out.name}": each.held_out for each in self.splits}
        return {HELD_OUT: self.held_out, **(apart if len(apart) > 1 else {}), **self.evaluation}


@dataclass(frozen=True)
class Trained:
    """What a run left behind."""

    version: Version
    run_url: str
    evaluations: dict[str, Evaluation]
    largest_difference: float


def train(
    recipe: Recipe,
    registry: Registry,
    experiment: str,
    progress: Progress,
    seconds: Mapping[str, float],
    say: Callable[[str], None],
) -> Trained:
    """Load, clean, split, fit, export, check, evaluate, log and register.

    Parameters
    ----------
    seconds
        Filled by `progress`: what each step took.
    say
        Is given a sentence whenever there is something worth knowing.

    Raises
    ------
    DatasetError
        If a data set cannot be used; before any long work.
    ParityError
        If the bundle disagrees with the model; nothing is registered then.
    TrackingError
        If MLflow fails; nothing is registered then.
    """
    started = time.perf_counter()
    material = prepare(recipe, progress)
    for name, counts in material.counts.items():
        say(described(name, counts))
    say(
        f"train on {len(material.train):,} tweets ({material.train.positives:,} positive), hold out "
        f"{len(material.held_out):,} by {', '.join(dict.fromkeys(each.rule for each in material.splits))}"
    )
    git = git_state(Path(__file__).parent)
    with TrainingRun.started(registry, experiment, recipe.family.name) as run:
        run.log_material(material.train, material.held_out, material.evaluation, material.fingerprint)
        run.log_choices(
            {
                "family": recipe.family.name,
                "data": ", ".join(each.train.name for each in material.splits),
                "split": ", ".join(f"{each.train.name}: {each.rule}" for each in material.splits),
                "test_share": recipe.test_share,
                "seed": recipe.seed,
                "fingerprint": material.fingerprint,
            }
        )
        run.log_counts(material.counts)
        model = recipe.family.fit(
            material.train.texts.to_pylist(), material.train.labels, recipe.options, progress, recipe.seed
        )
        run.log_choices(model.parameters)
        with tempfile.TemporaryDirectory(prefix="vigie-") as scratch:
            folder = Path(scratch)
            provenance = Provenance(
                dataset_fingerprint=material.fingerprint,
                git_commit=str(git or ""),
                run_id=run.id,
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            with progress.step("export"):
                bundle = model.export(folder / BUNDLE, GOLDEN_TEXTS, provenance)
            difference = check_parity(model, bundle, material.held_out.texts.to_pylist(), progress)
            evaluations = evaluate(
                model.probabilities, material.to_evaluate(), bundle.manifest.threshold, progress
            )
            with progress.step("log"):
                run.log_model(folder / BUNDLE, folder / "model")
                run.log_evaluations(evaluations, folder / "figures")
                run.log_cost(
                    {
                        **{f"seconds.{step.replace(' ', '_')}": taken for step, taken in seconds.items()},
                        "seconds.total": time.perf_counter() - started,
                        "parity.largest_difference": difference,
                    }
                )
                number = run.register(
                    bundle.sha256, {name: each.scores for name, each in evaluations.items()}
                )
    return Trained(registry.resolve(str(number)), run.url, evaluations, difference)


def prepare(recipe: Recipe, progress: Progress) -> Material:
    """Load every data set, drop what must not be learned, and hold rows out.

    Duplicates and contradictions are sought over all training files together, so that no text is on both
    sides; evaluation sets stay as they are, and what they hold is taken out of the training files.
    """
    sources = len(recipe.data) + len(recipe.evaluation_data)
    with progress.step("load", sources) as advance:
        evaluation = {}
        for name, source in recipe.evaluation_data.items():
            evaluation[name] = load_dataset(source, name)
            advance()
        loaded = []
        for source in recipe.data:
            loaded.append(load_dataset(source))
            advance()
    with progress.step("clean"):
        cleaned = without_texts_of(without_duplicates(loaded), list(evaluation.values()))
        splits = [split(dataset.require_both_classes(), recipe.test_share) for dataset in cleaned]
    training = joined("train", [each.train for each in splits])
    with progress.step("fingerprint"):
        named = fingerprint([training])
    return Material(
        splits=splits,
        train=training,
        held_out=joined(HELD_OUT, [each.held_out for each in splits]),
        evaluation=evaluation,
        counts={each.name: each.counts for each in (*cleaned, *evaluation.values())},
        fingerprint=named,
    )


def check_parity(model: FittedModel, bundle: Bundle, texts: Sequence[str], progress: Progress) -> float:
    """Compare the bundle with what was trained, on texts that it has not seen.

    Returns
    -------
    float
        The largest difference between two probabilities.

    Raises
    ------
    ParityError
        If it is more than 1e-5.
    """
    checked = [*texts[:: max(1, len(texts) // CHECKED_TEXTS)], *GOLDEN_TEXTS]
    expected = probabilities(model.probabilities, checked, progress, "score by trainer")
    given = probabilities(bundle.probabilities, checked, progress, "score by bundle")
    gaps = np.abs(expected - given)
    worst = int(np.argmax(gaps))
    # Not "greater": a gap that is no number must fail too.
    if not gaps[worst] <= LARGEST_DIFFERENCE:
        raise ParityError(
            f"the exported bundle gives {given[worst]:.6f} where the trained model gives "
            f"{expected[worst]:.6f} (text {worst + 1:,} of {len(checked):,}; "
            f"{int((~(gaps <= LARGEST_DIFFERENCE)).sum()):,} differ by more "
            f"than {LARGEST_DIFFERENCE:g}); nothing was registered, and the family's export needs mending"
        )
    return float(gaps[worst])


def described(name: str, counts: Counts) -> str:
    """Say what was read and what was dropped, in one line."""
    dropped = {
        "neutral or unlabelled": counts.neutral,
        "empty": counts.empty,
        "contradictory": counts.contradictory,
        "duplicate": counts.duplicate,
        "also in an evaluation set": counts.evaluated,
    }
    parts = [f"{n:,} {why}" for why, n in dropped.items() if n]
    return f"{name}: {counts.read:,} rows read, {counts.kept:,} kept" + (
        f" (dropped {', '.join(parts)})" if parts else ""
    )
