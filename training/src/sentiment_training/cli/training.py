"""The commands that make a version: train, register; and families, which lists what can be trained."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from pathlib import Path
from typing import Annotated

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
    print_table,
    promote_version,
)
from sentiment_training.cli.recipes import (
    CarriedData,
    DataFolder,
    Evaluations,
    FamilyName,
    FamilyOptions,
    Files,
    Languages,
    Ngrams,
    RecipeFile,
    Seed,
    TestShare,
    Typed,
    Weights,
    typed_recipe,
)
from sentiment_training.console import plain_console


@app.command()
def train(
    files: Files = None,
    *,
    recipe_file: RecipeFile = None,
    data_folder: DataFolder = Path(),
    family: FamilyName = None,
    data: CarriedData = None,
    weights: Weights = None,
    evaluations: Evaluations = None,
    test_share: TestShare = None,
    ngrams: Ngrams = None,
    options: FamilyOptions = None,
    languages: Languages = None,
    seed: Seed = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over; do not go on from an interrupted training's epoch.")
    ] = False,
    cache_folder: CacheFolder = DEFAULT_CACHE,
    patience_s: Patience = DEFAULT_PATIENCE_S,
    name: ModelName = DEFAULT_NAME,
    experiment: ExperimentName = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
    promote: Annotated[bool, typer.Option("--promote", help="Put the version into Production.")] = False,
) -> None:
    """Train a model, measure it, and register it as a new version."""
    recipe = typed_recipe(
        Typed(
            files or [],
            recipe_file,
            data_folder,
            family,
            data,
            weights or [],
            evaluations or [],
            test_share,
            [*(options or []), *([] if ngrams is None else [f"ngrams={ngrams}"])],
            seed,
            languages or [],
        )
    )
    from sentiment_training.checkpoints import open_cache

    cache = open_cache(cache_folder)
    registry = open_registry(mlflow_uri, name)
    from sentiment_training.progress import shown_progress
    from sentiment_training.tables import scores_table
    from sentiment_training.train import train

    err = plain_console(stderr=True)
    with shown_progress() as progress:
        trained = train(
            recipe,
            registry,
            experiment,
            progress,
            progress.steps.seconds,
            progress.say,
            cache,
            fresh=fresh,
            patience_s=patience_s,
        )
    out = plain_console()
    print_table(scores_table({key: each.scores for key, each in trained.evaluations.items()}))
    out.print(
        f"the bundle equals the trained model to {trained.largest_difference:.1e}",
        soft_wrap=True,
    )
    out.print(f"registered version {trained.version.number} of {name}", soft_wrap=True)
    out.print(f"run: {trained.run_url}", soft_wrap=True)
    if promote:
        promote_version(registry, str(trained.version.number), "Production", keep_others=False)
    else:
        err.print(f"to serve it: vigie promote {trained.version.number}", soft_wrap=True)


@app.command()
def register(
    folder: Annotated[Path, typer.Argument(help="What `vigie train` named when MLflow did not answer.")],
    *,
    mlflow_uri: MlflowUri = DEFAULT_URI,
) -> None:
    """Register a trained model that MLflow was not there for, in the run that it belongs to."""
    import shutil

    from sentiment_training.results import publish, read_result
    from sentiment_training.runs import TrainingRun

    result = read_result(folder)
    registry = open_registry(mlflow_uri, result.model)
    with TrainingRun.reopened(registry, result.run_id) as run:
        number = publish(folder, result, run)
    shutil.rmtree(folder)
    plain_console().print(f"registered version {number} of {result.model}", soft_wrap=True)
    plain_console().print(f"run: {run.url}", soft_wrap=True)


@app.command()
def families() -> None:
    """List the families, and the options that each takes with -o NAME=VALUE."""
    from sentiment_training.families import FAMILIES

    for family in FAMILIES.values():
        print(family.name)
        for option, meaning in family.option_help().items():
            print(f"  {option:<16} {meaning}")
