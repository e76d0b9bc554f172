"""Become MLflow's server, with secrets from files and settings that no command line shows."""

import os
import shutil
from pathlib import Path

import configuration


def main() -> None:
    """Replace this process by the server, so that signals reach it."""
    chosen = configuration.read()
    for left in Path(os.environ["TMPDIR"]).iterdir():  # by a server that was killed
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    command = [
        "mlflow",
        "server",
        "--host=0.0.0.0",  # within the internal networks; nothing is published
        "--port=5000",
        "--workers=1",  # 0.5 GB each; one serves a household
        "--static-prefix=/mlflow",
        "--app-name=basic-auth",
        # Clients hand artifacts to the server and hold no key of the store.
        "--serve-artifacts",
        f"--artifacts-destination=s3://{chosen.s3_bucket}",
        # The proxy has looked at the name that a browser called, and calls by this one.
        "--allowed-hosts=mlflow:5000,127.0.0.1:5000",
        "--uvicorn-opts=--no-access-log",  # its lines hold addresses
    ]
    os.execvpe(command[0], command, os.environ | environment(chosen))  # noqa: S606 - no shell is wanted


def environment(chosen: configuration.Configuration) -> dict[str, str]:
    """Say everything that is secret or has no option."""
    return {
        "MLFLOW_BACKEND_STORE_URI": chosen.database_url,
        "MLFLOW_AUTH_CONFIG_PATH": str(configuration.write_auth_file(chosen)),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": configuration.secret("mlflow_flask_key"),
        "MLFLOW_S3_ENDPOINT_URL": chosen.s3_endpoint,
        "AWS_ACCESS_KEY_ID": configuration.secret("s3_access_key"),
        "AWS_SECRET_ACCESS_KEY": configuration.secret("s3_secret_key"),
        "AWS_DEFAULT_REGION": "us-east-1",  # any: the store has one
        "AWS_EC2_METADATA_DISABLED": "true",
        # Newer checksums are sent only to stores that ask for them; not every S3 server knows them.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        # A version's files lie behind this server, never at an address that a client names.
        "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX": r"^(models|runs|mlflow-artifacts):/.*$",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # three more processes, 1.2 GB
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


if __name__ == "__main__":
    main()
