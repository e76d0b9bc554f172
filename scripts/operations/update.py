"""Update: back up, get new images, start them, look at them from outside; else go back to those before."""

import time
from pathlib import Path
from typing import Final

from .backup import back_up
from .errors import OperationError, StackError
from .predictions import check_prediction
from .restore import restore_databases
from .settings import Settings
from .stack import Part, Stack, run
from .talk import Talk
from .versions import schemas
from .words import count

# A prefix of this name is on no registry: such images are built here.
_BUILT_HERE: Final = "vigie"


def update(stack: Stack, settings: Settings, talk: Talk) -> None:
    """Bring every image to its newest, or leave everything as it was.

    Raises
    ------
    StackError
        If the new images did not become well; the message says what runs now.
    """
    start = time.monotonic()
    before = [part for part in stack.parts() if part.service in stack.services]
    tables = schemas(stack)
    path = back_up(stack, settings, talk)
    if settings.image_prefix == _BUILT_HERE:
        talk.doing("Building images")
        stack.compose("build")
    else:
        talk.doing("Pulling images")
        stack.compose("pull", "--quiet")
    changed = changed_images(before, _image_id(stack))
    if not changed:
        talk.done("Nothing newer: every image is the one that runs")
        return
    talk.doing(f"Starting {', '.join(sorted({part.service for part in changed}))}")
    try:
        stack.compose("up", "--detach", "--no-build")
        stack.wait_until_well(stack.services, settings.patience_s, lambda: None)
        version = check_prediction(stack)
    except OperationError as error:
        talk.trouble(f"The new images are not well. {error}")
        _go_back(stack, changed, tables, path, settings, talk)
        raise StackError(
            f"Nothing was updated: the images before run again and predict. The backup is {path}."
        ) from error
    talk.done(
        f"Updated {count(len(changed), 'part')} in {time.monotonic() - start:.0f} s; "
        f"version {version} predicts. The images before stay until `docker image prune`."
    )


def changed_images(before: list[Part], now: dict[str, str]) -> list[Part]:
    """Parts whose image's name means another image now."""
    return [part for part in before if now.get(part.image, part.image_id) != part.image_id]


def _image_id(stack: Stack) -> dict[str, str]:
    names = sorted({service["image"] for service in stack.config["services"].values()})
    found = {}
    for name in names:
        ids = run(["docker", "image", "ls", "--no-trunc", "--quiet", name], stack.root).split()
        if ids:
            found[name] = ids[0]
    return found


def _go_back(
    stack: Stack,
    changed: list[Part],
    tables: dict[str, list[str]],
    path: Path,
    settings: Settings,
    talk: Talk,
) -> None:
    talk.doing("Going back to the images before")
    for part in changed:
        run(["docker", "tag", part.image_id, part.image], stack.root)
    # Old code cannot read newer tables; those of the backup are minutes old.
    moved = [name for name, revisions in schemas(stack).items() if revisions != tables.get(name)]
    if moved:
        names = ", ".join(moved)
        talk.warn(f"The new images had changed the tables of {names}: they are restored from the backup.")
        stack.compose("stop", "api", "mlflow")
        restore_databases(stack, path, moved, talk)
        stack.run_job("databases")
    try:
        stack.compose("up", "--detach", "--no-build")
        stack.wait_until_well(stack.services, settings.patience_s, lambda: None)
        check_prediction(stack)
    except OperationError as error:
        raise StackError(
            f"The images before are not well either: {error} What runs: make status. "
            f"To go back to the backup: make restore ARCHIVE={path}"
        ) from error
