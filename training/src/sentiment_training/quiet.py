"""Keeps MLflow's client and TensorFlow to themselves; imports nothing of them unless it is asked to."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

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

_STDERR = 2
# As Abseil begins a line of its log: WARNING: All log messages before …, I0000 00:00:1795711641.468656 ….
_LOGGED = re.compile(rb"(?:WARNING: All log messages before|[IWE]\d{4} \d\d:\d\d:)[^\n]*\n")


def quiet_mlflow() -> None:
    """Keep MLflow's telemetry off and its messages to errors; call it before it is imported."""
    os.environ.update(_QUIET)


def quiet_tensorflow() -> None:
    """Import TensorFlow, if it is there, and keep what its C++ says of the processor to itself."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules or find_spec("tensorflow") is None:
        return
    # Some lines it writes while it is loaded, before it looks how much it is to say.
    with _without_log_lines():
        import_module("tensorflow")


@contextmanager
def _without_log_lines() -> Iterator[None]:
    """Hold back what the process writes to its standard error, and write it at the end without Abseil's log.

    C++ writes past `sys.stderr`, so it is done below Python.
    """
    with tempfile.TemporaryFile() as written, os.fdopen(os.dup(_STDERR), "wb") as stderr:
        sys.stderr.flush()
        os.dup2(written.fileno(), _STDERR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr.fileno(), _STDERR)
            written.seek(0)
            stderr.write(_LOGGED.sub(b"", written.read()))
