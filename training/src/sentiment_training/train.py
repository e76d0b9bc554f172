"""Trains a model from data sets to a registered version: one straight story."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sentiment import Provenance
from sentiment_training.evaluation import Evaluation, evaluate
from sentiment_training.families import FAMILIES, Work
from sentiment_training.golden import GOLDEN_TEXTS
from sentiment_training.material import HELD_OUT, described, prepare
from sentiment_training.parity import check_parity
from sentiment_training.progress import Progress
from sentiment_training.provenance import git_state
from sentiment_training.pyfunc_packing import BUNDLE
from sentiment_training.recipe import Recipe
from sentiment_training.registry import Registry, Version
from sentiment_training.runs import TrainingRun


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
    family = FAMILIES[recipe.family]
    material = prepare(recipe, progress, validate=family.needs_validation)
    learned, validated = material.train(), material.validation()
    for name, counts in material.counts.items():
        say(described(name, counts))
    say(
        f"train on {len(learned):,} tweets ({int(learned.labels.sum()):,} positive), "
        + (f"choose by {len(validated):,}, " if len(validated) else "")
        + f"hold out {len(material.held_out):,} by "
        + ", ".join(dict.fromkeys(each.rule for each in material.splits))
    )
    git = git_state(Path(__file__).parent)
    with TrainingRun.started(registry, experiment, family.name) as run:
        run.log_material(material)
        run.log_choices(
            {
                "family": family.name,
                "data": ", ".join(each.train.name for each in material.splits),
                "split": ", ".join(f"{each.train.name}: {each.rule}" for each in material.splits),
                "weights": ", ".join(
                    f"{each.train.name}: {weight:g}"
                    for each, weight in zip(material.splits, material.weights, strict=True)
                ),
                "rows.train": len(learned),
                "rows.validation": len(validated),
                "test_share": recipe.test_share,
                "seed": recipe.seed,
                "languages": ", ".join(recipe.languages),
                "fingerprint": material.fingerprint,
            }
        )
        run.log_counts(material.counts)
        work = Work(progress, recipe.seed, run.report)
        model = family.fit(learned, validated, recipe.options, work)
        run.log_choices(model.parameters)
        with tempfile.TemporaryDirectory(prefix="vigie-") as scratch:
            folder = Path(scratch)
            provenance = Provenance(
                dataset_fingerprint=material.fingerprint,
                git_commit=str(git or ""),
                run_id=run.id,
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                languages=tuple(recipe.languages),
            )
            with progress.step("export"):
                bundle = model.export(folder / BUNDLE, GOLDEN_TEXTS, provenance)
            examined = material.to_evaluate(recipe.most_evaluated)
            held_out = examined[HELD_OUT]
            difference = check_parity(model, bundle, held_out.texts.to_pylist(), held_out.labels, progress)
            # The bundle, not the model: what is measured is what will answer.
            evaluations = evaluate(bundle.probabilities, examined, bundle.manifest.threshold, progress)
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
