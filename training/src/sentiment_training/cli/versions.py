"""The commands about versions that are there: evaluate, promote, versions."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from sentiment_training.cli.application import (
    DEFAULT_NAME,
    DEFAULT_URI,
    MlflowUri,
    ModelName,
    app,
    open_registry,
    print_table,
    promote_version,
)
from sentiment_training.console import plain_console


@app.command()
def evaluate(
    version: Annotated[str, typer.Argument(help="Number, stage (Production) or alias.")],
    file: Annotated[str, typer.Argument(help="Any labelled file that `vigie train` reads.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, nothing else.")] = False,
    name: ModelName = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
) -> None:
    """Score a registered version on a labelled file, and on each language that the file names."""
    from sentiment import foreign_language
    from sentiment_training.datasets import load_dataset

    dataset = load_dataset(file)
    registry = open_registry(mlflow_uri, name)
    from sentiment_training.evaluation import evaluate
    from sentiment_training.material import described
    from sentiment_training.progress import shown_progress
    from sentiment_training.tables import scores_json, scores_table

    found = registry.resolve(version)
    with tempfile.TemporaryDirectory(prefix="vigie-") as scratch, shown_progress() as progress:
        with progress.step(f"download version {found.number}"):
            bundle = registry.open_bundle(found, Path(scratch))
        # No language's name has a colon.
        whole = f"version {found.number}: {dataset.name}"
        sets = {whole: dataset, **dataset.by_language()}
        evaluations = evaluate(bundle.probabilities, sets, bundle.manifest.threshold, progress)
    measured = {name: each.scores for name, each in evaluations.items()}
    knows = frozenset(bundle.manifest.languages)
    told = [foreign_language(text, knows) is not None for text in dataset.texts.to_pylist()]
    foreign = sum(told)
    if as_json:
        about = {
            "model": name,
            "version": str(found.number),
            "bundle_sha256": bundle.sha256,
            "dataset": dataset.name,
            "foreign_texts": foreign,
        }
        print(scores_json(about, measured.pop(whole), measured))
        return
    err = plain_console(stderr=True)
    err.print(described(dataset.name, dataset.counts), soft_wrap=True)
    if foreign:
        named = [] if dataset.languages is None else Counter(dataset.languages[told].tolist()).most_common()
        apart = ", ".join(f"{count:,} of {language or 'none named'}" for language, count in named)
        err.print(
            f"{foreign:,} texts{apart and f' ({apart})'} are in a language that version {found.number} does "
            "not know: they are measured here, and the API gives them no answer",
            soft_wrap=True,
        )
    print_table(scores_table(measured))


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
    promote_version(open_registry(mlflow_uri, name), version, stage, keep_others=keep_others)


@app.command()
def versions(*, name: ModelName = DEFAULT_NAME, mlflow_uri: MlflowUri = DEFAULT_URI) -> None:
    """List the versions: where each stands, how good it is, whether the API refused it."""
    registry = open_registry(mlflow_uri, name)
    from sentiment_training.tables import versions_table

    found = registry.versions()
    if not found:
        plain_console(stderr=True).print(f"{name} has no version yet; `vigie train` makes the first")
        return
    print_table(versions_table(name, {each: registry.metrics(each) for each in found}))
