"""The command that looks for a family's best options: search."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from sentiment_training.cli.application import (
    DEFAULT_CACHE,
    DEFAULT_NAME,
    DEFAULT_URI,
    CacheFolder,
    ExperimentName,
    MlflowUri,
    app,
    open_registry,
    print_table,
)
from sentiment_training.cli.recipes import (
    CarriedData,
    DataFolder,
    FamilyName,
    FamilyOptions,
    Files,
    Languages,
    RecipeFile,
    Seed,
    TestShare,
    Typed,
    Weights,
    typed_recipe,
)
from sentiment_training.console import plain_console
from sentiment_training.errors import OptionError
from sentiment_training.files import require_place

FOUND_BY_SEARCH = "The best of"


@app.command()
def search(
    files: Files = None,
    *,
    recipe_file: RecipeFile = None,
    data_folder: DataFolder = Path(),
    family: FamilyName = None,
    data: CarriedData = None,
    weights: Weights = None,
    test_share: TestShare = None,
    options: FamilyOptions = None,
    languages: Languages = None,
    seed: Seed = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Trials that the study is to have, earlier ones included.")
    ] = 20,
    timeout_s: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Begin no trial after so long.")
    ] = None,
    metric: Annotated[
        str, typer.Option(help="Figure to choose by, mean over the data sets: accuracy, log_loss, roc_auc.")
    ] = "accuracy",
    study: Annotated[
        str, typer.Option(help="The study's name; without it, one that family, metric and data give.")
    ] = "",
    storage: Annotated[
        str,
        typer.Option(
            envvar="VIGIE_STUDY_STORAGE",
            help="Where the study lies: postgresql://… for several machines; else in the cache folder.",
        ),
    ] = "",
    write_recipe: Annotated[
        Path | None, typer.Option("--write-recipe", metavar="FILE", help="Write the best as a recipe.")
    ] = None,
    cache_folder: CacheFolder = DEFAULT_CACHE,
    experiment: ExperimentName = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
) -> None:
    """Look for a family's best options; the same command again goes on, and other machines may join."""
    typed = Typed(
        files or [],
        recipe_file,
        data_folder,
        family,
        data,
        weights or [],
        [],
        test_share,
        options or [],
        seed,
        languages or [],
    )
    recipe = typed_recipe(typed)
    if write_recipe is not None:
        # The same command again writes over what it wrote before, and over nothing else.
        require_place(
            write_recipe, force=is_written(write_recipe), option="--write-recipe", replaceable=False
        )
    if timeout_s is not None and not timeout_s >= 0:
        raise OptionError(f"--timeout {timeout_s}: give a number of seconds")
    if find_spec("optuna") is None:
        raise OptionError("optuna is not installed; run `uv sync --all-packages --extra search`")
    from sentiment_training.checkpoints import PIECES, open_cache

    cache = open_cache(cache_folder)
    registry = open_registry(mlflow_uri, DEFAULT_NAME)
    from sentiment_training.progress import shown_progress
    from sentiment_training.recipe_files import write_recipe as write
    from sentiment_training.search import METRICS, Search
    from sentiment_training.search import search as look
    from sentiment_training.studies import storage_in
    from sentiment_training.tables import trials_table

    if metric not in METRICS:
        raise OptionError(f"there is no metric {metric!r}; choose one of {', '.join(METRICS)}")
    wanted = Search(recipe, metric, trials, timeout_s, study, storage or storage_in(cache), cache / PIECES)
    with shown_progress() as progress:
        found = look(wanted, registry, experiment, progress, progress.say)
    print_table(trials_table(metric, found.table))
    out = plain_console()
    out.print(f"run: {found.run_url}", soft_wrap=True)
    if write_recipe is not None:
        about = f"{FOUND_BY_SEARCH} {found.trials} trials, by {metric}."
        write(write_recipe, found.best, data_folder, about)
        out.print(f"to train it: vigie train --recipe {write_recipe}", soft_wrap=True)


def is_written(path: Path) -> bool:
    """Whether a file is a recipe that a search has written."""
    begins = f"# {FOUND_BY_SEARCH} ".encode()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(begins)) == begins
