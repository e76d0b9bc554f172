"""What the server and its preparation are told: choices from the environment, secrets from files."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SECRETS: Final = Path("/run/secrets")
_AUTH_FILE: Final = Path("/tmp/mlflow-auth.ini")  # noqa: S108 - the container's own, in memory
# Passwords are hashed slowly on purpose; asked every time, that is a tenth of a second a request.
_PASSWORD_CACHE_S: Final = 300


@dataclass(frozen=True)
class Configuration:
    """Read once."""

    database_url: str
    users_database_url: str
    s3_endpoint: str
    s3_bucket: str


def secret(name: str) -> str:
    """Read a secret's file."""
    return (_SECRETS / name).read_text("utf-8").strip()


def read() -> Configuration:
    """Read everything but the users' passwords."""
    # psycopg2 by name: with another driver, archiving a version compares a number with a text and fails.
    server = f"postgresql+psycopg2://mlflow:{secret('mlflow_db_password')}@postgres:5432"
    return Configuration(
        database_url=f"{server}/mlflow",
        users_database_url=f"{server}/mlflow_auth",
        s3_endpoint=os.environ["VIGIE_S3_ENDPOINT"],
        s3_bucket=os.environ["VIGIE_S3_BUCKET"],
    )


def write_auth_file(configuration: Configuration) -> Path:
    """Write the file that MLflow's login takes its settings from, readable by this user alone."""
    _AUTH_FILE.touch(mode=0o600)
    _AUTH_FILE.write_text(
        "[mlflow]\n"
        "default_permission = READ\n"  # who is let in may look; prepare.py says who may do more
        "admin_username = admin\n"  # MLflow wants to see that there is one
        f"database_uri = {configuration.users_database_url}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        f"auth_cache_ttl_seconds = {_PASSWORD_CACHE_S}\n",
        encoding="utf-8",
    )
    return _AUTH_FILE
