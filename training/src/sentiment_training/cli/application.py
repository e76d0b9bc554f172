"""What the commands share: the application, options that several take, and how results are shown.

MLflow and scikit-learn take seconds to import, so each command imports what it needs when it is called.
"""
# ruff: noqa: PLC0415 - see above

import signal
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sentiment_training.console import plain_console
from sentiment_training.errors import OptionError
from sentiment_training.quiet import quiet_mlflow

if TYPE_CHECKING:
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


def _named(experiment: str) -> str:
    # Before any work, at whose end MLflow would refuse it.
    if not experiment.strip():
        raise OptionError("--experiment is empty; name one, or leave it out")
    return experiment


MlflowUri = Annotated[
    str,
    typer.Option(
        envvar=["VIGIE_MLFLOW_URI", "MLFLOW_TRACKING_URI"],
        help="Where MLflow is; its user and password come from MLFLOW_TRACKING_USERNAME and …_PASSWORD.",
    ),
]
ModelName = Annotated[str, typer.Option("--name", envvar="VIGIE_MODEL_NAME", help="The registered model.")]
ExperimentName = Annotated[
    str,
    typer.Option("--experiment", callback=_named, help="MLflow's experiment."),
]
CacheFolder = Annotated[
    Path,
    typer.Option(
        envvar="VIGIE_CACHE_FOLDER", help="Where interrupted work is kept, to go on with; for 14 days."
    ),
]
Patience = Annotated[
    float,
    typer.Option(
        "--mlflow-patience",
        metavar="SECONDS",
        envvar="VIGIE_MLFLOW_PATIENCE_S",
        min=0,
        help="How long an MLflow that does not answer is waited for, at the end.",
    ),
]
DEFAULT_PATIENCE_S = 120.0
DEFAULT_CACHE = Path("~/.cache/vigie")
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


def open_registry(uri: str, name: str) -> "Registry":
    """Connect to MLflow.

    Raises
    ------
    OptionError
        If no model can have that name; before any work, for it would be all in vain.
    TrackingError
        If MLflow does not answer.
    """
    if not name.strip() or set(name) & set("/:'"):
        raise OptionError(f"--name {name!r}: a registered model's name has a letter, and no /, : or '")
    from sentiment_training.registry import Registry
    from sentiment_training.tracking import connect

    return Registry(connect(uri), uri, name)


def promote_version(registry: "Registry", wanted: str, stage: str, *, keep_others: bool) -> None:
    """Promote, and say what serves then."""
    version = registry.promote(wanted, stage, keep_others=keep_others)
    plain_console().print(f"version {version.number} of {registry.name} is in stage {version.stage}")
    serving = registry.production()
    if version.stage == "Production" and serving is not None and serving.number != version.number:
        plain_console(stderr=True).print(
            f"version {serving.number} is newer and in Production too, so it goes on serving; "
            f"promote {version.number} without --keep-others to change that",
            soft_wrap=True,
        )


def pairs(given: Sequence[str], form: str) -> dict[str, str]:
    """Read what was typed as NAME=VALUE."""
    pairs: dict[str, str] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not (key and equals and value):
            raise OptionError(f"{each!r} is not of the form {form}")
        if key in pairs:
            raise OptionError(f"{key} is given twice, as {pairs[key]} and as {value}; leave one out")
        pairs[key] = value
    return pairs


def print_table(table: object) -> None:
    """Print a table; as wide as it is where nobody looks."""
    console = plain_console()
    # A pipe has no width: a table that is read later must not be cut at 80 columns.
    (console if console.is_terminal else plain_console(width=OUTPUT_WIDTH)).print(table)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted(EXIT_INTERRUPTED)
