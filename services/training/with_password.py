"""Run a command with MLflow's password taken from its secret's file: with_password.py COMMAND…

MLflow's client reads the password from the environment alone.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Become the command; one that begins with no program's name is an argument of `vigie`."""
    user = os.environ["MLFLOW_TRACKING_USERNAME"]
    password = Path(f"/run/secrets/mlflow_{user}_password").read_text("utf-8").strip()
    command = sys.argv[1:]
    if command[0] not in {"vigie", "python"}:
        command = ["vigie", *command]
    os.execvpe(command[0], command, os.environ | {"MLFLOW_TRACKING_PASSWORD": password})  # noqa: S606


if __name__ == "__main__":
    main()
