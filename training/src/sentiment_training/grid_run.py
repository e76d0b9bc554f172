"""Runs the classic grid from data sets to a refitted winner, as one run with a nested run for each model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import Metric

from sentiment_training.concluding import Begun, conclude
from sentiment_training.datasets import evenly
from sentiment_training.evaluation import Evaluation
from sentiment_training.families import Work
from sentiment_training.families.classic import CLASSIC
from sentiment_training.families.classic.features import FeatureOptions
from sentiment_training.grid import METRICS, Outcome, best_of_each, cross_validate
from sentiment_training.material import prepare
from sentiment_training.progress import Progress
from sentiment_training.recipe import Recipe
from sentiment_training.registry import Registry, Version
from sentiment_training.runs import TrainingRun
from sentiment_training.tracking import PATIENCE_S

_LOW_RECALL = 0.5


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
    cache: Path,
    *,
    register: bool,
    patience_s: float = PATIENCE_S,
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
    cache
        Where the winner is kept while MLflow does not answer (`open_cache`).
    register
        Whether the winner becomes a version.
    patience_s
        How long an MLflow that does not answer is waited for.

    Raises
    ------
    DatasetError
        If a data set cannot be used; before any long work.
    ParityError
        If the winner's bundle disagrees with the model; nothing is registered then.
    TrackingError
        If MLflow fails, or does not answer for so long; nothing is registered then, and the winner is kept if
        there is one.
    """
    begun = Begun(seconds)
    material = prepare(recipe, progress, validate=True)
    learned = material.train()
    # Sorted by time and label, they stay a fair picture.
    compared = learned.chosen(evenly(len(learned), settings.rows))
    for line in material.lines():
        say(line)
    say(f"compare on {len(compared):,} of {len(learned):,} tweets in {settings.folds} folds")
    with TrainingRun.started(
        registry, experiment, "grid", say, command="vigie grid", patience_s=patience_s
    ) as run:
        run.log_material(material)
        run.log_choices(
            {
                "data": ", ".join(each.train.name for each in material.splits),
                "rows.compared": len(compared),
                "rows.train": len(learned),
                "folds": settings.folds,
                "metric": settings.metric,
                "seed": recipe.seed,
                "data.languages": ", ".join(recipe.languages),
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
        run.log_metrics({"seconds.grid": begun.so_far()})
        for each in models:
            _log_model(run, each)
        run.log_text("grid.md", grid_markdown(outcomes, settings.metric))
        winner = models[0].candidate
        if doubt := doubt_of(models[0], settings.metric):
            say(doubt)
        say(f"refit {winner.name} {winner.shown} on {len(learned):,} tweets")
        chosen = {"features": winner.features, **winner.tried}
        model = CLASSIC[winner.family].fit(
            learned,
            material.validation(),
            {**recipe.options, **chosen},
            Work(progress, recipe.seed, run.report),
        )
        concluded = conclude(
            model,
            {"family": winner.family, **chosen},
            material,
            recipe,
            run,
            begun,
            cache,
            progress,
            say,
            register=register,
        )
    version = None if concluded.version is None else registry.resolve(str(concluded.version))
    return GridResult(models, concluded.evaluations, run.url, version)


def doubt_of(winner: Outcome, metric: str) -> str | None:
    """Say what the deciding figure hides: the best precision may be that of a handful of tweets."""
    if (recall := winner.mean("recall")) >= _LOW_RECALL:
        return None
    remedy = "" if metric == "f1" else "; --metric f1 weighs both"
    return f"the best by {metric} calls positive only {recall:.2f} of what is positive{remedy}"


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
    candidate, now_ms = outcome.candidate, int(time.time() * 1000)
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
    run.log_nested(candidate.name, params, metrics)
