"""The demo's own process, where it cannot start: one sentence, exit code 1, no traceback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.settings import ROOT


def demo(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.demo"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def plain(run: subprocess.CompletedProcess[str]) -> bool:
    return run.returncode == 1 and "Traceback" not in run.stdout + run.stderr


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_said_before_anything_is_made(tmp_path: Path, taken_port: int) -> None:
    home = tmp_path / "home"
    run = demo(VIGIE_PORT=str(taken_port), VIGIE_HOME=str(home))

    assert plain(run)
    assert f"Port {taken_port} is taken by another program." in run.stderr
    assert not home.exists()


def test_a_wrong_port_is_said(tmp_path: Path) -> None:
    run = demo(VIGIE_PORT="http", VIGIE_HOME=str(tmp_path))

    assert plain(run)
    assert "VIGIE_PORT is 'http'" in run.stderr


def test_a_home_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = demo(VIGIE_PORT="18997", VIGIE_HOME=str(tmp_path / "file"))

    assert plain(run)
    assert "cannot be written" in run.stderr
