"""Ends a training, whatever it trained: export, check, measure, keep, log and register."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sentiment import Provenance
from sentiment_training.evaluation import Evaluation, evaluate
from sentiment_training.families import FittedModel
from sentiment_training.golden import GOLDEN_TEXTS
from sentiment_training.material import Material
from sentiment_training.parity import check_parity
from sentiment_training.progress import Progress
from sentiment_training.provenance import git_state, peak_memory_mib
from sentiment_training.pyfunc_packing import BUNDLE
from sentiment_training.recipe import HELD_OUT, Recipe
from sentiment_training.results import publish, result_folder, write_result
from sentiment_training.runs import TrainingRun


@dataclass(frozen=True)
class Begun:
    """A training that has begun, and what it takes.

    Attributes
    ----------
    seconds
        Of each step, filled as it goes on.
    git_commit
        Of the code that runs: later, the files may be another's.
    started
        By the clock of `time.perf_counter`.
    """

    seconds: Mapping[str, float]
    git_commit: str = field(default_factory=lambda: str(git_state(Path(__file__).parent) or ""))
    started: float = field(default_factory=time.perf_counter)

    def so_far(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.started

    def costs(self) -> dict[str, float]:
        """Seconds of each step and of all together so far, and the largest memory, as metrics."""
        return {
            **{f"seconds.{step.replace(' ', '_')}": taken for step, taken in self.seconds.items()},
            "seconds.total": self.so_far(),
            "peak_memory_mib": peak_memory_mib(),
        }


@dataclass(frozen=True)
class Concluded:
    """What came of it.

    Attributes
    ----------
    evaluations
        Of the bundle, by data set.
    largest_difference
        Between two probabilities, of the bundle and of what was trained.
    version
        Its number; None where none was to be registered.
    """

    evaluations: dict[str, Evaluation]
    largest_difference: float
    version: int | None


def conclude(
    model: FittedModel,
    parameters: Mapping[str, str | int | float],
    material: Material,
    recipe: Recipe,
    run: TrainingRun,
    begun: Begun,
    cache: Path,
    progress: Progress,
    say: Callable[[str], None],
    *,
    register: bool = True,
) -> Concluded:
    """Write the bundle, check it, measure it, and give all of it to MLflow.

    Parameters
    ----------
    parameters
        Of the model, to be logged.
    cache
        Where the result is kept while MLflow does not answer (`open_cache`).

    Raises
    ------
    ParityError
        If the bundle disagrees with the model; nothing is registered then.
    TrackingError
        If MLflow fails, or does not answer for so long; nothing is registered then, and the result is kept.
    """
    provenance = Provenance(
        dataset_fingerprint=material.fingerprint,
        git_commit=begun.git_commit,
        run_id=run.id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        languages=tuple(recipe.languages),
    )
    with result_folder(cache, run, say) as folder:
        with progress.step("export"):
            bundle = model.export(folder / BUNDLE, GOLDEN_TEXTS, provenance)
        examined = material.to_evaluate(recipe.most_evaluated)
        held_out = examined[HELD_OUT]
        difference = check_parity(model, bundle, held_out.texts.to_pylist(), held_out.labels, progress)
        # The bundle, not the model: what is measured is what will answer.
        evaluations = evaluate(bundle.probabilities, examined, bundle.manifest.threshold, progress)
        costs = {**begun.costs(), "parity.largest_difference": difference}
        # All that MLflow is told from here on is in the folder first: it may not answer.
        result = write_result(folder, run, parameters, evaluations, costs)
        with progress.step("register" if register else "log"):
            number = publish(folder, result, run, register=register)
    return Concluded(evaluations, difference, number)
