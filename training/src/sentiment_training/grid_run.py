"""Runs the classic grid from data sets to a refitted winner, as one run with a nested run for each model."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from mlflow.entities import Metric, Param

from sentiment import Provenance
from sentiment_training.evaluation import Evaluation, evaluate
from sentiment_training.families import Examples, Work
from sentiment_training.families.classic import CLASSIC
from sentiment_training.families.classic.features import FeatureOptions
from sentiment_training.golden import GOLDEN_TEXTS
from sentiment_training.grid import METRICS, Outcome, best_of_each, cross_validate
from sentiment_training.material import HELD_OUT, Material, described, prepare
from sentiment_training.parity import check_parity
from sentiment_training.progress import Progress
from sentiment_training.provenance import git_state
from sentiment_training.pyfunc_packing import BUNDLE
from sentiment_training.recipe import Recipe
from sentiment_training.registry import Registry, Version
from sentiment_training.results import publish, write_result
from sentiment_training.runs import TrainingRun
from sentiment_training.tracking import told


@dataclass(frozen=True)
class GridSettings:
    """How models are compared.

    Attributes
    ----------
    rows
        To compare on, at most, evenly chosen of the training rows.
    metric
        That decides.
    jobs
        Processes at once.
    """

    features: FeatureOptions
    rows: int
    folds: int
    metric: str
    jobs: int


@dataclass(frozen=True)
class GridResult:
    """What a grid left behind.

    Attributes
    ----------
    models
        The best choice of each, the best first.
    evaluations
        Of the refitted winner.
    version
        None where none was to be registered.
    """

    models: Sequence[Outcome]
    evaluations: Mapping[str, Evaluation]
    run_url: str
    version: Version | None


def run_grid(
    recipe: Recipe,
    settings: GridSettings,
    registry: Registry,
    experiment: str,
    progress: Progress,
    seconds: Mapping[str, float],
    say: Callable[[str], None],
    *,
    register: bool,
) -> GridResult:
    """Load, clean, split, cross-validate, refit the best on all training rows, measure, log.

    Parameters
    ----------
    recipe
        Its family is without effect; its options are those of the features.
    seconds
        Filled by `progress`: what each step took.
    say
        Is given a sentence whenever there is something worth knowing.
    register
        Whether the winner becomes a version.

    Raises
    ------
    DatasetError
        If a data set cannot be used; before any long work.
    ParityError
        If the winner's bundle disagrees with the model; nothing is registered then.
    TrackingError
        If MLflow fails; nothing is registered then.
    """
    started = time.perf_counter()
    material = prepare(recipe, progress, validate=True)
    learned = material.train()
    compared = _evenly(learned, settings.rows)
    for name, counts in material.counts.items():
        say(described(name, counts))
    say(f"compare on {len(compared):,} of {len(learned):,} tweets in {settings.folds} folds")
    with TrainingRun.started(registry, experiment, "grid", say, command="vigie grid") as run:
        run.log_material(material)
        run.log_choices(
            {
                "data": ", ".join(each.train.name for each in material.splits),
                "rows.compared": len(compared),
                "rows.train": len(learned),
                "folds": settings.folds,
                "metric": settings.metric,
                "seed": recipe.seed,
                "fingerprint": material.fingerprint,
                **{f"features.{name}": value for name, value in recipe.options.items()},
            }
        )
        outcomes = cross_validate(
            compared,
            settings.features,
            folds=settings.folds,
            seed=recipe.seed,
            jobs=settings.jobs,
            progress=progress,
        )
        models = best_of_each(outcomes, settings.metric)
        compared_s = time.perf_counter() - started
        for each in models:
            _log_model(run, each)
        with told(registry.uri):
            registry.client.log_text(run.id, grid_markdown(outcomes, settings.metric), "grid.md")
        winner = models[0].candidate
        say(f"refit {winner.name} {winner.shown} on {len(learned):,} tweets")
        run.log_choices({"family": winner.family, "features": winner.features, **winner.tried})
        options = {**recipe.options, "features": winner.features, **winner.tried}
        model = CLASSIC[winner.family].fit(
            learned, material.validation(), options, Work(progress, recipe.seed, run.report)
        )
        with tempfile.TemporaryDirectory(prefix="vigie-") as scratch:
            folder = Path(scratch)
            with progress.step("export"):
                bundle = model.export(folder / BUNDLE, GOLDEN_TEXTS, _provenance(material, run))
            examined = material.to_evaluate(recipe.most_evaluated)
            held_out = examined[HELD_OUT]
            check_parity(model, bundle, held_out.texts.to_pylist(), held_out.labels, progress)
            evaluations = evaluate(bundle.probabilities, examined, bundle.manifest.threshold, progress)
            costs = {
                **{f"seconds.{step.replace(' ', '_')}": taken for step, taken in seconds.items()},
                "seconds.grid": compared_s,
                "seconds.total": time.perf_counter() - started,
            }
            result = write_result(folder, run, {}, evaluations, costs)
            with progress.step("log"):
                number = publish(folder, result, run, register=register)
    version = None if number is None else registry.resolve(str(number))
    return GridResult(models, evaluations, run.url, version)


def grid_markdown(outcomes: Sequence[Outcome], metric: str) -> str:
    """Make a row a candidate, the best first."""
    head = ["model", "options", *METRICS, "seconds"]
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "--:|" * (len(head) - 2)]
    for each in sorted(outcomes, key=lambda outcome: -outcome.mean(metric)):
        figures = [f"{each.mean(name):.4f} ± {each.spread(name):.4f}" for name in METRICS]
        cells = [each.candidate.name, each.candidate.shown, *figures, f"{each.seconds:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _log_model(run: TrainingRun, outcome: Outcome) -> None:
    """Log a model's figures in a nested run: of each fold as a step, and their mean."""
    candidate, client, now_ms = outcome.candidate, run.registry.client, int(time.time() * 1000)
    params = {"family": candidate.family, "features": candidate.features, **candidate.tried}
    metrics = [
        Metric(f"fold.{name}", value, now_ms, fold)
        for name, values in outcome.folds.items()
        for fold, value in enumerate(values, start=1)
    ]
    for name in METRICS:
        metrics.append(Metric(f"mean.{name}", outcome.mean(name), now_ms, 0))
        metrics.append(Metric(f"sd.{name}", outcome.spread(name), now_ms, 0))
    metrics.append(Metric("seconds.fit", outcome.seconds, now_ms, 0))
    with told(run.registry.uri):
        nested = client.create_run(
            run.experiment_id, tags={"mlflow.parentRunId": run.id}, run_name=candidate.name
        )
        client.log_batch(
            nested.info.run_id, metrics=metrics, params=[Param(key, value) for key, value in params.items()]
        )
        client.set_terminated(nested.info.run_id, "FINISHED")


def _provenance(material: Material, run: TrainingRun) -> Provenance:
    return Provenance(
        dataset_fingerprint=material.fingerprint,
        git_commit=str(git_state(Path(__file__).parent) or ""),
        run_id=run.id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _evenly(rows: Examples, most: int) -> Examples:
    """Take at most so many of the rows, evenly: sorted by time and label, they stay a fair picture."""
    if len(rows) <= most:
        return rows
    return rows.chosen(np.linspace(0, len(rows) - 1, most).astype(np.int64))
