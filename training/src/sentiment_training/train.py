"""Trains a model from data sets to a registered version: one straight story."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sentiment import Provenance
from sentiment_training.checkpoints import PIECES, identity, kept_checkpoints
from sentiment_training.evaluation import Evaluation, evaluate
from sentiment_training.families import FAMILIES, Work
from sentiment_training.golden import GOLDEN_TEXTS
from sentiment_training.material import described, prepare
from sentiment_training.parity import check_parity
from sentiment_training.progress import Progress
from sentiment_training.provenance import git_state, peak_memory_mib
from sentiment_training.pyfunc_packing import BUNDLE
from sentiment_training.recipe import HELD_OUT, Recipe
from sentiment_training.registry import Registry, Version
from sentiment_training.results import publish, result_folder, write_result
from sentiment_training.runs import TrainingRun
from sentiment_training.tracking import PATIENCE_S


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
    cache: Path,
    *,
    fresh: bool = False,
    patience_s: float = PATIENCE_S,
) -> Trained:
    """Load, clean, split, fit, export, check, evaluate, log and register.

    Parameters
    ----------
    seconds
        Filled by `progress`: what each step took.
    say
        Is given a sentence whenever there is something worth knowing.
    cache
        Where checkpoints are kept, and a result while MLflow does not answer (`open_cache`).
    fresh
        Do not go on from a checkpoint.
    patience_s
        How long an MLflow that does not answer is waited for.

    Raises
    ------
    DatasetError
        If a data set cannot be used; before any long work.
    ParityError
        If the bundle disagrees with the model; nothing is registered then.
    TrackingError
        If MLflow fails, or does not answer for so long at the end; nothing is registered then, and the
        trained model is kept.
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
    with TrainingRun.started(registry, experiment, family.name, say, patience_s=patience_s) as run:
        run.log_material(material)
        run.log_choices(
            {
                "family": family.name,
                "data": ", ".join(each.train.name for each in material.splits),
                "split": ", ".join(f"{each.train.name}: {each.rule}" for each in material.splits),
                "data.weights": ", ".join(
                    f"{each.train.name}: {weight:g}"
                    for each, weight in zip(material.splits, material.weights, strict=True)
                ),
                "rows.train": len(learned),
                "rows.validation": len(validated),
                "test_share": recipe.test_share,
                "seed": recipe.seed,
                "data.languages": ", ".join(recipe.languages),
                "fingerprint": material.fingerprint,
            }
        )
        run.log_counts(material.counts)
        identified = identity(
            family.name,
            recipe.options,
            material.fingerprint,
            {each.train.name: weight for each, weight in zip(material.splits, material.weights, strict=True)},
            recipe.seed,
        )
        with kept_checkpoints(cache, identified, say, fresh=fresh) as checkpoints:
            work = Work(progress, recipe.seed, run.report, checkpoints, cache / PIECES, say)
            model = family.fit(learned, validated, recipe.options, work)
            with result_folder(cache, run, say) as folder:
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
                difference = check_parity(
                    model, bundle, held_out.texts.to_pylist(), held_out.labels, progress
                )
                # The bundle, not the model: what is measured is what will answer.
                evaluations = evaluate(bundle.probabilities, examined, bundle.manifest.threshold, progress)
                memory = peak_memory_mib()
                costs = {
                    **{f"seconds.{step.replace(' ', '_')}": taken for step, taken in seconds.items()},
                    "seconds.total": time.perf_counter() - started,
                    "parity.largest_difference": difference,
                    **({} if memory is None else {"peak_memory_mib": memory}),
                }
                # All that MLflow is told from here on is in the folder first: it may not answer.
                result = write_result(folder, run, model.parameters, evaluations, costs)
                with progress.step("register"):
                    number = publish(folder, result, run)
    return Trained(registry.resolve(str(number)), run.url, evaluations, difference)
