"""The command that scores a large file with a registered version: score."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from sentiment_training.cli.application import (
    DEFAULT_NAME,
    DEFAULT_URI,
    EXIT_INTERRUPTED,
    Interrupted,
    MlflowUri,
    ModelName,
    app,
    open_registry,
)
from sentiment_training.console import plain_console
from sentiment_training.errors import OptionError
from sentiment_training.machine import usable_cores


@app.command()
def score(
    version: Annotated[str, typer.Argument(help="Number, stage (Production) or alias.")],
    file: Annotated[Path, typer.Argument(help="Parquet, or CSV in UTF-8 with a header; a column `text`.")],
    *,
    out: Annotated[Path, typer.Option(help="The file to write: .parquet or .csv.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
    engine: Annotated[
        str, typer.Option(help="local: this process; ray: workers on the cluster of RAY_ADDRESS, or here.")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Workers of the engine ray (as many as this machine has cores).")
    ] = None,
    name: ModelName = DEFAULT_NAME,
    mlflow_uri: MlflowUri = DEFAULT_URI,
) -> None:
    """Score a file of any size: its columns, and prediction and probability of *positive* beside them."""
    if engine not in {"local", "ray"}:
        raise OptionError(f"there is no engine {engine!r}; choose local or ray")
    if engine == "ray" and find_spec("ray") is None:
        raise OptionError("ray is not installed; run `uv sync --all-packages --extra ray`")
    from sentiment_training.files import require_place
    from sentiment_training.scoring.files import check_columns, check_out, open_source
    from sentiment_training.scoring.scoring import local_engine, score_file

    check_out(out)
    source = open_source(file)
    # As CSV, its columns take about as much again, or more; how Parquet packs them is not known.
    require_place(out, force=force, room=file.stat().st_size if out.suffix == ".csv" else 0)
    check_columns(out, source)
    if out.exists() and out.samefile(file):
        raise OptionError(f"--out {out}: that is the file that is scored; give another name")
    registry = open_registry(mlflow_uri, name)
    from sentiment_training.progress import shown_progress

    found = registry.resolve(version)
    with tempfile.TemporaryDirectory(prefix="vigie-") as scratch, shown_progress() as progress:
        if engine == "ray":
            from sentiment_training.scoring.ray_engine import ray_engine

            used = ray_engine(f"models:/{name}/{found.number}", mlflow_uri, workers or usable_cores())
        else:
            with progress.step(f"download version {found.number}"):
                used = local_engine(registry.open_bundle(found, Path(scratch)))
        try:
            scored = score_file(file, out, used, progress)
        except (KeyboardInterrupt, SystemExit) as fault:
            # Ray makes an exit of its own of an interruption that it meets.
            raise Interrupted(EXIT_INTERRUPTED) from fault
    seconds = progress.steps.seconds["score"]
    console = plain_console()
    console.print(
        f"{scored.rows:,} rows scored by version {found.number} in {seconds:.1f} s: {out}",
        soft_wrap=True,
    )
    if why := scored.unanswered():
        console.print(f"no answer for {why}", soft_wrap=True)
