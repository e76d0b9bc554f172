"""Reports: what people said that predictions should have been, as a file to train on."""

import csv
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from .errors import OperationError, StackError
from .settings import Settings
from .stack import Stack
from .talk import Talk
from .words import count

# `text` and `label` are what `vigie train` reads; the rest is for whoever looks through it first.
_REPORTS: Final = """
COPY (
    SELECT text, expected_label AS label, predicted_label, probability, model_version, comment, received_at
    FROM feedback ORDER BY received_at, id
) TO STDOUT (FORMAT csv, HEADER)
"""
_PSQL: Final = (
    *("docker", "compose", "exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "vigie"),
    *("-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", _REPORTS),
)
_READABLE: Final = 0o644  # the container of `make train` reads it as another user


def write_reports(stack: Stack, out: Path | None, settings: Settings, talk: Talk) -> None:
    """Write every report into a CSV, whole or not at all.

    Parameters
    ----------
    out
        The file; without it one in the folder that `make train` reads, named by date.

    Raises
    ------
    StackError
        If the database does not answer.
    OperationError
        If nothing was reported, or the file is there already or cannot be written.
    """
    path = out or settings.data / f"reports-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"
    if path.exists():
        raise OperationError(
            f"{path} is there already, perhaps with labels that somebody mended. Name another: OUT=…"
        )
    part = stack.part("postgres")
    if part is None or not part.is_well(is_job=False):
        raise StackError(f"{stack.why(part, 'postgres')}; the reports are in it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        reports = _copied(stack, path)
    except OSError as error:
        raise OperationError(f"{path} cannot be written: {error.strerror}. Name another: OUT=…") from None
    talk.done(f"{count(reports, 'report')} written to {path}")
    talk.say("Look through the labels, then give the file to `vigie train` beside your other data.")


def _copied(stack: Stack, path: Path) -> int:
    """Copy all of them into a file, and count them."""
    scratch = path.with_name(f".{path.name}.part")
    try:
        with scratch.open("wb") as file, stack.reading(_PSQL) as answer:
            shutil.copyfileobj(answer, file)
            os.fsync(file.fileno())
        with scratch.open(encoding="utf-8", newline="") as lines:
            reports = sum(1 for _ in csv.reader(lines)) - 1
        if not reports:
            raise OperationError("Nothing was reported yet, so nothing was written.")
        scratch.chmod(_READABLE)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return reports
