"""Trains a model from data sets to a registered version: one straight story."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sentiment_training.checkpoints import PIECES, identity, kept_checkpoints
from sentiment_training.concluding import Begun, conclude
from sentiment_training.evaluation import Evaluation
from sentiment_training.families import FAMILIES, Work
from sentiment_training.material import prepare, unanswered_languages
from sentiment_training.progress import Progress
from sentiment_training.recipe import Recipe
from sentiment_training.registry import Registry, Version
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
    begun = Begun(seconds)
    family = FAMILIES[recipe.family]
    material = prepare(recipe, progress, validate=family.needs_validation)
    learned, validated = material.train(), material.validation()
    for line in material.lines():
        say(line)
    say(
        f"train on {material.polar_rows:,} tweets ({material.polar_positives:,} positive), "
        + (f"choose by {len(validated):,}, " if len(validated) else "")
        + f"hold out {len(material.held_out):,} by "
        + ", ".join(dict.fromkeys(each.rule for each in material.splits if len(each.held_out)))
    )
    for name, languages in unanswered_languages(material, recipe.languages).items():
        say(
            f"{name} holds texts in {', '.join(languages)}; the version will answer none in a language that "
            f"--language does not name ({', '.join(recipe.languages)})"
        )
    with TrainingRun.started(registry, experiment, family.name, say, patience_s=patience_s) as run:
        run.log_material(material)
        run.log_choices(
            {
                "family": family.name,
                "data": ", ".join(each.train.name for each in material.splits),
                "split": ", ".join(f"{each.train.name}: {each.rule}" for each in material.splits),
                "data.weights": ", ".join(f"{name}: {weight:g}" for name, weight in material.weighted),
                "rows.train": material.polar_rows,
                "rows.validation": len(validated),
                "test_share": recipe.test_share,
                "seed": recipe.seed,
                "data.languages": ", ".join(recipe.languages),
                "fingerprint": material.fingerprint,
            }
        )
        run.log_counts(material.counts)
        identified = identity(
            family.name, recipe.options, material.fingerprint, material.weighted, recipe.seed
        )
        with kept_checkpoints(cache, identified, say, fresh=fresh) as checkpoints:
            work = Work(progress, recipe.seed, run.report, checkpoints, cache / PIECES, say)
            model = family.fit(learned, validated, recipe.options, work)
            concluded = conclude(model, model.parameters, material, recipe, run, begun, cache, progress, say)
    version = registry.resolve(str(concluded.version))
    return Trained(version, run.url, concluded.evaluations, concluded.largest_difference)
