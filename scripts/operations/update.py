"""Update: back up, get new images, start them, look at them from outside; else go back to those before.

Our own images; with ALL=1 also the newest of everybody else's under the tags that the compose file names.
"""

import time
from pathlib import Path

from .backup import back_up
from .errors import CommandError, OperationError, StackError
from .predictions import check_prediction
from .restore import restore_databases
from .settings import Settings
from .stack import Part, Stack, run
from .talk import Talk
from .versions import schemas
from .words import count


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
    _get_images(stack, settings, talk)
    changed = changed_images(before, _image_ids(stack))
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


def _get_images(stack: Stack, settings: Settings, talk: Talk) -> None:
    services = stack.config["services"]
    ours = [name for name in services if "build" in services[name]]
    others = [name for name in services if "build" not in services[name]] if settings.update_all else []
    pulled = others if settings.build else ours + others
    try:
        if settings.build:
            talk.doing("Building images")
            stack.compose("build", *ours)
        if pulled:
            talk.doing("Pulling images")
            stack.compose("pull", "--quiet", *pulled)
    except CommandError as error:
        raise StackError(f"The images could not be had, so nothing was changed. {error}") from error


def changed_images(before: list[Part], now: dict[str, str]) -> list[Part]:
    """Parts whose service would start from another image (`now`: image's id by service)."""
    return [part for part in before if now.get(part.service, part.image_id) != part.image_id]


def _image_ids(stack: Stack) -> dict[str, str]:
    found = {}
    for service, description in stack.config["services"].items():
        listed = run(
            ["docker", "image", "ls", "--no-trunc", "--quiet", description["image"]], stack.root
        ).split()
        if listed:
            found[service] = listed[0]
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
        run(["docker", "tag", part.image_id, stack.config["services"][part.service]["image"]], stack.root)
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
