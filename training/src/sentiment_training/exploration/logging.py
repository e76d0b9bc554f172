"""Keeps a report in MLflow: as the artifact of a run that says what was read."""

from pathlib import Path

from sentiment_training.exploration.exploration import Exploration
from sentiment_training.registry import Registry
from sentiment_training.runs import TrainingRun

FOLDER = "exploration"


def log_report(registry: Registry, experiment: str, found: Exploration, report: Path) -> str:
    """Log a report that was written.

    Returns
    -------
    str
        Address of the run's page.

    Raises
    ------
    TrackingError
        If MLflow fails; the run is marked failed, the file stays where it is.
    """
    with TrainingRun.started(registry, experiment, "explore", command="vigie explore") as run:
        counts = found.training.counts
        run.log_choices({"data": ", ".join(counts), "rows.map": found.rows, "seed": found.seed})
        run.log_counts(counts)
        run.log_metrics({f"texts.{each.name}": each.n for each in found.classes})
        run.log_file(report, FOLDER)
    return run.url
