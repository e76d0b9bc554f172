"""One real platform for the browser: MLflow, API, page and nginx as `make demo` starts them."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Training a first version on the small set, on a machine that others use too.
READY_LIMIT_S = 280


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("vigie")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / "demo.log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "scripts.demo"],
            cwd=ROOT,
            env=os.environ | {"VIGIE_PORT": str(port), "VIGIE_HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + READY_LIMIT_S
    while not re.search(r"Ready after", (home / "demo.log").read_text()):
        assert demo.poll() is None, (home / "demo.log").read_text()
        assert time.monotonic() < deadline, (home / "demo.log").read_text()
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=30) == 0
