"""Shows figures: as tables for people, as JSON for programs, as Markdown for MLflow's pages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.table import Table

from sentiment_training.registry import Version
from sentiment_training.scores import Estimate, Scores

NAMES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "ece": "calibration error",
    "log_loss": "log loss",
}
KEY_FIGURES = ("accuracy", "f1", "roc_auc", "ece")
_MOST_COLUMNS = 3  # fit into a terminal of 100 characters with their intervals


def with_interval(estimate: Estimate) -> str:
    """Three decimals and the interval: 0.825 [0.823, 0.827]."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def with_half(estimate: Estimate) -> str:
    """Three decimals and the longer half of the interval: 0.825 ±0.002."""
    return f"{estimate.value:.3f} ±{max(estimate.high - estimate.value, estimate.value - estimate.low):.3f}"


def scores_table(measured: Mapping[str, Scores]) -> Table:
    """Make a row a figure, a column a data set; with many data sets, a row each and the key figures only."""
    many = len(measured) > _MOST_COLUMNS
    said = "± the longer half of the 95 % interval" if many else "with 95 % intervals"
    if many:
        table = figures_table(said, "", ["tweets", *(NAMES[key] for key in KEY_FIGURES)])
        for name, scores in measured.items():
            figures = (with_half(scores.estimates()[key]) for key in KEY_FIGURES)
            table.add_row(name, f"{scores.n:,}", *figures)
        return table
    table = Table(caption=said, caption_justify="left", box=HEAVY_HEAD)
    table.add_column("")
    for name, scores in measured.items():
        table.add_column(f"{name}\n{scores.n:,} tweets", justify="right")
    for key, shown in NAMES.items():
        table.add_row(shown, *(with_interval(scores.estimates()[key]) for scores in measured.values()))
    return table


def figures_table(caption: str, name: str, figures: Sequence[str], *, pad_edge: bool = True) -> Table:
    """Make a table without rows, whose names fold where a terminal is narrow, and whose figures never do."""
    table = Table(caption=caption, caption_justify="left", box=SIMPLE_HEAD, pad_edge=pad_edge)
    table.add_column(name, vertical="bottom", overflow="fold")
    for heading in figures:
        table.add_column(heading.replace(" ", "\n", 1), justify="right", vertical="bottom", no_wrap=True)
    return table


def trials_table(metric: str, best: Sequence[tuple[int, float, Mapping[str, str]]]) -> Table:
    """Make a row a trial: its number, its figure, its options."""
    table = Table(caption="on the validation rows, mean over the data sets", caption_justify="left")
    table.add_column("trial", justify="right")
    table.add_column(metric.replace("_", " "), justify="right")
    table.add_column("options", overflow="fold")
    for number, value, options in best:
        table.add_row(str(number), f"{value:.4f}", " ".join(f"{key}={text}" for key, text in options.items()))
    return table


def scores_markdown(measured: Mapping[str, Scores]) -> str:
    """Make a row a data set, a column a key figure: the description of a version."""
    head = ["data set", "tweets", *(NAMES[key] for key in KEY_FIGURES)]
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1)]
    for name, scores in measured.items():
        figures = [with_interval(scores.estimates()[key]) for key in KEY_FIGURES]
        lines.append(f"| {' | '.join([name, f'{scores.n:,}', *figures])} |")
    return "\n".join(lines)


def scores_json(about: Mapping[str, object], measured: Scores, languages: Mapping[str, Scores]) -> str:
    """Make one JSON object of what was measured on a data set, and on its languages if it names several."""
    apart = {"languages": {name: asdict(each) for name, each in languages.items()}} if languages else {}
    return json.dumps({**about, **asdict(measured), **apart}, indent=2)


def versions_table(name: str, versions: Mapping[Version, Mapping[str, float]]) -> Table:
    """Make a row a version, with the accuracies that its run measured."""
    table = Table(title=name, title_justify="left")
    for column in ("version", "stage", "alias", "made (UTC)", "accuracy", "refused"):
        table.add_column(column, overflow="fold")
    for version, metrics in versions.items():
        accuracies = [
            f"{key.removesuffix('.accuracy')} {value:.3f}"
            for key, value in sorted(metrics.items())
            # What a training chose by says nothing more than what was held out does.
            if key.endswith(".accuracy") and not key.startswith("validation.")
        ]
        table.add_row(
            str(version.number),
            version.stage if version.stage != "None" else "",
            ", ".join(version.aliases),
            f"{version.created_at:%Y-%m-%d %H:%M}",
            "\n".join(accuracies),
            version.refused,
        )
    return table
