"""Keeps MLflow's client and TensorFlow to themselves; imports nothing of them."""

import os

# MLflow reads its settings from the environment alone.
_QUIET = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # It would pack the pyproject.toml and uv.lock of whatever folder the command is run in.
    "MLFLOW_UV_AUTO_DETECT": "false",
}


def quiet_mlflow() -> None:
    """Keep MLflow's telemetry off and its messages to errors; call it before it is imported."""
    os.environ.update(_QUIET)


def quiet_tensorflow() -> None:
    """Keep what TensorFlow's C++ says of the processor to itself; call it before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
