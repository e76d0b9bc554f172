"""Talks to MLflow: politely, within seconds when it is not there, and in one sentence when it refuses."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from sentiment_training.errors import TrackingError, UnreachableError

# MLflow reads its settings from the environment alone.
_IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}


def shown_uri(uri: str) -> str:
    """Give the address without user name and password."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def connect(uri: str) -> MlflowClient:
    """Make a client, after one question that the server's database has to answer.

    Raises
    ------
    UnreachableError
        If nothing answers within seconds.
    TrackingError
        If what answers refuses, or is no MLflow.
    """
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    with told(uri), _environment(_IMPATIENT):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_registered_models(max_results=1)
    return client


@contextmanager
def told(uri: str) -> Iterator[None]:
    """Turn what MLflow's client raises into one sentence."""
    try:
        yield
    except requests.RequestException as fault:
        raise UnreachableError(_unreachable(uri)) from fault
    except MlflowException as fault:
        raise _explained(uri, str(fault.message)) from fault


def _explained(uri: str, message: str) -> TrackingError:
    first_line = message.strip().splitlines()[0] if message.strip() else "no reason given"
    if "Max retries exceeded" in message or "timed out" in message or "Failed to establish" in message:
        return UnreachableError(_unreachable(uri))
    if "error code 401" in message:
        return TrackingError(
            f"MLflow at {shown_uri(uri)} asks who you are; "
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    if "Invalid Host" in message:
        return TrackingError(
            f"MLflow at {shown_uri(uri)} does not know that name; add it to MLFLOW_SERVER_ALLOWED_HOSTS there"
        )
    if "error code 404" in message or ("Response body" in message and "html" in message.lower()):
        return TrackingError(
            f"what answers at {shown_uri(uri)} is not MLflow's API; "
            "behind Vigie's proxy the address ends in /mlflow"
        )
    return TrackingError(f"MLflow at {shown_uri(uri)}: {first_line}")


def _unreachable(uri: str) -> str:
    return (
        f"MLflow does not answer at {shown_uri(uri)}; start it (`make demo`, `make up`), "
        "or say where it is with --mlflow-uri or VIGIE_MLFLOW_URI"
    )


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
