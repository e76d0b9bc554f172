"""Which versions run, and which an archive would need."""

import shutil
from typing import Any

from .errors import CommandError, TooNewError
from .settings import ROOT
from .stack import Stack, run

_VERSION_OF_MLFLOW = "import importlib.metadata as m; print(m.version('mlflow'))"
_MIGRATIONS = (
    "from pathlib import Path; import sentiment_api.migrations as m; "
    "print(*sorted(p.name.split('_')[0] for p in Path(m.__path__[0], 'versions').glob('[0-9]*.py')))"
)
_COUNTS = {
    "mlflow": ("runs", "logged_models", "model_versions"),
    "vigie": ("feedback", "alert"),
}


def describe(stack: Stack) -> dict[str, Any]:  # Any: JSON
    """Describe what runs: images, MLflow, PostgreSQL, schemas, counts of rows."""
    return {
        "project": stack.project,
        "commit": _commit(),
        "images": {
            part.service: {
                "image": part.image,
                "id": part.image_id,
                "version": part.version,
                "revision": part.revision,
            }
            for part in stack.parts()
        },
        "mlflow": mlflow_version(stack),
        "postgres": stack.query("postgres", "SHOW server_version")[0][0],
        "schemas": schemas(stack),
        "rows": {
            database: {
                table: int(stack.query(database, f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - ours
                for table in tables
            }
            for database, tables in _COUNTS.items()
        },
    }


def mlflow_version(stack: Stack) -> str:
    """Ask MLflow's image for its version."""
    return _in_image(stack, "mlflow", _VERSION_OF_MLFLOW)


def schemas(stack: Stack) -> dict[str, list[str]]:
    """Ask each database for the revision of its tables."""
    found = {}
    for database in stack.databases():
        tables = stack.query(
            database,
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_name LIKE 'alembic_version%' ORDER BY 1",
        )
        found[database] = sorted(
            row[0]
            for table in tables
            for row in stack.query(database, f'SELECT version_num FROM "{table[0]}"')  # noqa: S608 - a name from the database
        )
    return found


def check_fit(stack: Stack, manifest: dict[str, Any]) -> None:  # Any: JSON
    """Raise `TooNewError` if the images here are older than the archive's databases."""
    here, there = mlflow_version(stack), manifest["mlflow"]
    if _numbers(there) > _numbers(here):
        raise TooNewError(
            f"The backup is of MLflow {there} and the image here has {here}, which cannot read a newer "
            "database. Update first: make update"
        )
    known = set(_in_image(stack, "migrate", _MIGRATIONS).split())
    unknown = [revision for revision in manifest["schemas"].get("vigie", []) if revision not in known]
    if unknown:
        raise TooNewError(
            f"The backup's reports have tables of revision {unknown[0]}; the API's image here knows up to "
            f"{max(known)}. Update first: make update"
        )


def _in_image(stack: Stack, service: str, code: str) -> str:
    command = ["docker", "compose", "run", "--rm", "--no-deps", "-T", "--entrypoint", "python", service]
    return run([*command, "-c", code], stack.root).strip()


def _commit() -> str:
    # A server may have the files without git or its history.
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return ""
    try:
        return run(["git", "rev-parse", "HEAD"], ROOT).strip()
    except CommandError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in version.split(".") if word.isdigit())
