"""A real MLflow server at a sub-path, as it stands behind the proxy."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

START_TIMEOUT_S = 120
GOOD = ("lovely crew", "thank you", "great flight", "early and friendly", "best seats")
BAD = ("lost my bag", "late again", "rude staff", "worst food", "cancelled without a word")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - ours
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"{url} does not answer:\n{log.read_text()}")


@pytest.fixture(scope="session")
def mlflow_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
                *("--artifacts-destination", str(folder / "artifacts"), "--serve-artifacts"),
                *("--host", "127.0.0.1", "--port", str(port), "--static-prefix", "/mlflow"),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            },
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/mlflow/health", process, log)
        yield f"http://127.0.0.1:{port}/mlflow"
    finally:
        process.terminate()
        process.wait(30)


Vigie = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def vigie(mlflow_uri: str) -> Vigie:
    """Run the command against the server, with more environment where given."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("vigie")), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
            env={**os.environ, "VIGIE_MLFLOW_URI": mlflow_uri, **environment},
        )

    return run


@pytest.fixture(scope="session")
def tweets_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Write a CSV of made-up tweets from which sentiment can be learned."""
    folder = tmp_path_factory.mktemp("tweets")

    def write(name: str, n: int = 800, seed: int = 0) -> str:
        rng = np.random.default_rng(seed)
        labels: Sequence[bool] = (rng.random(n) < 0.5).tolist()
        texts = [
            f"{rng.choice(GOOD if each else BAD)}, {rng.choice(GOOD if each else BAD)}, flight {seed}-{i}"
            for i, each in enumerate(labels)
        ]
        path = folder / name
        pd.DataFrame({"text": texts, "label": np.array(labels, int)}).to_csv(path, index=False)
        return str(path)

    return write
