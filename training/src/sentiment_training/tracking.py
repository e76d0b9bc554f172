"""Talks to MLflow: politely, within seconds when it is not there, and in one sentence when it refuses."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import responses
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds

from sentiment_training.errors import OptionError, TrackingError, UnreachableError
from sentiment_training.guard import Server

# MLflow reads its settings from the environment alone.
_IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
# Its client retries for four minutes without a word; `Patience` does it for two, with one.
NO_RETRIES = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
PATIENCE_S = 120.0
# A server, or a database of one's own as SQLAlchemy names it.
_ADDRESS = r"(?:https?|sqlite|postgresql|mysql|mssql)(?:\+\w+)?://."
_SHORT_S = 120.0
_PAUSE_S = 2.0
_SERVER_FAULT = 500
_LATER = frozenset({429, 502, 503, 504})  # too much at once, or a proxy that finds nobody behind it

T = TypeVar("T")


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
    OptionError
        If that is no address.
    """
    if not re.match(_ADDRESS, uri):
        like = f"http://{uri}" if re.match(r"[\w.\-]+(:\d+)?(/|$)", uri) else "http://127.0.0.1:8080/mlflow"
        raise OptionError(
            f"{uri!r} is no address of MLflow; write one like {like}, with --mlflow-uri or in "
            "VIGIE_MLFLOW_URI"
        )
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    with told(uri), environment(_IMPATIENT):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_registered_models(max_results=1)
    return client


def server(uri: str) -> Server | None:
    """Address and credentials as MLflow's client uses them; None where the runs lie in files."""
    if not uri.startswith(("http:", "https:")):
        return None
    known = get_default_host_creds(uri)  # type: ignore[no-untyped-call]  # MLflow's
    return Server.of(
        uri,
        known.username or "",
        known.password or "",
        known.token or "",
        verify=not known.ignore_tls_verification,
        certificates=known.server_cert_path or "",
    )


@dataclass
class Outage:
    """Says once that MLflow does not answer, and once that it does again, whoever finds out first."""

    uri: str
    say: Callable[[str], None]
    _gone: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def begins(self, fault: UnreachableError) -> None:
        """MLflow did not answer, or failed."""
        with self._lock:
            if not self._gone:
                self._gone = True
                self.say(f"{fault.what}; what it is to know is sent later")

    def ends(self) -> None:
        """MLflow answered."""
        with self._lock:
            if self._gone:
                self._gone = False
                self.say("MLflow answers again")


@dataclass(frozen=True)
class Patience:
    """Calls MLflow; while it does not answer, waits for it for two minutes."""

    outage: Outage
    limit_s: float = PATIENCE_S
    pause_s: float = _PAUSE_S
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, action: Callable[[], T]) -> T:
        """Do it, again and again if need be.

        Raises
        ------
        UnreachableError
            If nothing answers for so long.
        TrackingError
            At once, if what answers refuses.
        """
        deadline: float | None = None
        while True:
            try:
                with told(self.outage.uri):
                    answer = action()
            except UnreachableError as fault:
                now = self.clock()
                self.outage.begins(fault)
                if deadline is None:
                    deadline = now + self.limit_s
                    self.outage.say(f"waiting for MLflow, {_duration(self.limit_s)} at most")
                elif now >= deadline:
                    raise
                self.sleep(self.pause_s)
            else:
                self.outage.ends()
                return answer


def _duration(seconds: float) -> str:
    return f"{seconds:g} seconds" if seconds < _SHORT_S else f"{seconds / 60:g} minutes"


@contextmanager
def told(uri: str) -> Iterator[None]:
    """Turn what MLflow's client raises into one sentence."""
    try:
        yield
    except requests.HTTPError as fault:
        if fault.response is None:
            raise _unreachable(uri) from fault
        raise _answered(uri, fault.response.status_code) from fault
    except requests.RequestException as fault:
        raise _unreachable(uri) from fault
    except MlflowException as fault:
        raise _explained(uri, str(fault.message)) from fault


def _answered(uri: str, status: int) -> TrackingError:
    if status in _LATER:
        return _unreachable(uri)
    said = f"{status} {responses.get(status, '')}".rstrip()
    if status >= _SERVER_FAULT:
        return UnreachableError(
            f"MLflow at {shown_uri(uri)} fails: {said}",
            "the server's owner finds out why with `make status` (is its disk full?) and "
            "`make logs SERVICE=mlflow`",
        )
    return TrackingError(f"MLflow at {shown_uri(uri)} refused: {said}")


def _explained(uri: str, message: str) -> TrackingError:
    lines = [each for each in message.splitlines() if each.strip() and not each.startswith("##")]
    # A sentence that ends in a colon says its reason on the next line.
    told = " ".join(lines[: 2 if lines[:1] and lines[0].rstrip().endswith(":") else 1])
    first_line = told.strip() or "no reason given"
    gone = (
        "Max retries exceeded",
        "timed out",
        "timeout exception",
        "Failed to establish",
        "Connection aborted",
    )
    # In the words of MLflow's client, of what it would have tried again, and of the rest.
    if failed := re.search(r"(?:too many|error code) (429|5\d\d)\b", message):
        return _answered(uri, int(failed[1]))
    if any(sign in message for sign in gone):
        return _unreachable(uri)
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


def _unreachable(uri: str) -> UnreachableError:
    return UnreachableError(
        f"MLflow does not answer at {shown_uri(uri)}",
        "start it (`make demo`, `make up`), or say where it is with --mlflow-uri or VIGIE_MLFLOW_URI",
    )


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment within the block."""
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
