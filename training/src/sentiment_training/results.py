"""A finished training as a folder: what the registry is given, now or when MLflow answers again.

bundle/       the model
figures/      pictures, one folder a data set
result.json   written last: a folder without it is unfinished
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sentiment import Bundle
from sentiment_training.checkpoints import KEPT_DAYS
from sentiment_training.errors import ResultError, TrackingError
from sentiment_training.evaluation import Evaluation
from sentiment_training.figures import draw_figures
from sentiment_training.files import add_place, whole
from sentiment_training.pyfunc_packing import BUNDLE
from sentiment_training.runs import TrainingRun
from sentiment_training.tables import scores_markdown

_FIGURES, _RESULT = "figures", "result.json"


@dataclass(frozen=True)
class Result:
    """What is known of a finished training beside its files.

    Attributes
    ----------
    run_id, model
        Where it belongs: MLflow's run, the registered model.
    parameters, metrics
        To be logged.
    description
        Of the version, in Markdown.
    """

    run_id: str
    model: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    description: str


@contextmanager
def result_folder(cache: Path, run: TrainingRun, say: Callable[[str], None]) -> Iterator[Path]:
    """Give a folder for the run's result; it stays only where a finished result was not registered.

    Raises
    ------
    TrackingError
        If MLflow is why; it names the folder and what to do with it.
    """
    folder = cache / "results" / run.id
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException as fault:
        if not (folder / _RESULT).is_file():
            shutil.rmtree(folder, ignore_errors=True)
            add_place(fault, folder)
            raise
        kept = f"the trained model is kept for {KEPT_DAYS} days; to register it: vigie register {folder}"
        if isinstance(fault, TrackingError):
            raise type(fault)(f"{fault}; {kept}") from fault
        say(kept)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def write_result(
    folder: Path,
    run: TrainingRun,
    parameters: Mapping[str, str | int | float],
    evaluations: Mapping[str, Evaluation],
    costs: Mapping[str, float],
) -> Result:
    """Write down what was measured, beside the bundle that lies there."""
    metrics: dict[str, float] = dict(costs)
    for name, each in evaluations.items():
        metrics[f"{name}.n"] = each.scores.n
        for key, estimate in each.scores.estimates().items():
            metrics[f"{name}.{key}"] = estimate.value
            metrics[f"{name}.{key}_low"] = estimate.low
            metrics[f"{name}.{key}_high"] = estimate.high
        draw_figures(folder / _FIGURES / name, name, each.probability, each.dataset.labels, each.scores)
    result = Result(
        run_id=run.id,
        model=run.registry.name,
        parameters={key: str(value) for key, value in parameters.items()},
        metrics=metrics,
        description=scores_markdown({name: each.scores for name, each in evaluations.items()}),
    )
    with whole(folder / _RESULT) as file:
        file.write(json.dumps(asdict(result), indent=1).encode())
    return result


def read_result(folder: Path) -> Result:
    """Read what `write_result` wrote.

    Raises
    ------
    ResultError
        If the folder holds no finished result.
    """
    try:
        return Result(**json.loads((folder / _RESULT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as fault:
        raise ResultError(
            f"{folder} holds no finished result ({_RESULT} is absent or damaged); "
            "`vigie train` names the folder when MLflow does not answer at its end"
        ) from fault


def publish(folder: Path, result: Result, run: TrainingRun, *, register: bool = True) -> int | None:
    """Log a result in its run, register it, and end the run.

    Returns
    -------
    int or None
        The version's number; None where it is not to be one.

    Raises
    ------
    BundleError
        If the bundle was damaged meanwhile.
    """
    bundle = Bundle.open(folder / BUNDLE)
    run.log_choices(result.parameters)
    run.log_model(folder / BUNDLE)
    run.log_metrics(result.metrics)
    run.log_pictures(folder / _FIGURES)
    run.flush()
    number = run.register(bundle.sha256, result.description) if register else None
    run.finish()
    return number
