"""`make demo` from start to end, twice in one home: the real programs, as a person starts them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[3]
FIRST_START_LIMIT_S = 300
SECOND_START_LIMIT_S = 120  # the promise is 30 s on a machine of one's own; this one is shared


@dataclass
class Demo:
    """A demo that runs, and what it has said."""

    process: subprocess.Popen[bytes]
    log: Path
    address: str
    home: Path

    def said(self) -> str:
        return self.log.read_text()

    def descendants(self) -> set[int]:
        found, waiting = set(), [self.process.pid]
        while waiting:
            children = subprocess.run(
                ["pgrep", "-P", str(waiting.pop())], capture_output=True, text=True, check=False
            ).stdout.split()
            waiting += [int(child) for child in children]
            found |= {int(child) for child in children}
        return found

    def ask(self, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - http, ours
            self.address + path, content, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http, ours
            found: dict[str, object] = json.load(answer)
            return found


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(home: Path, port: int) -> Demo:
    log = home.parent / f"demo-{port}-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.demo"],
            cwd=ROOT,
            env=os.environ | {"VIGIE_PORT": str(port), "VIGIE_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Demo(process, log, f"http://127.0.0.1:{port}", home)


def wait(condition: Callable[[], bool], limit_s: float, story: Callable[[], str]) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, story()
        time.sleep(0.1)


def wait_until_ready(demo: Demo, limit_s: float) -> None:
    wait(lambda: "Ready after" in demo.said() or demo.process.poll() is not None, limit_s, demo.said)
    assert demo.process.poll() is None, demo.said()


def alive(processes: set[int]) -> set[int]:
    return {pid for pid in processes if _state(pid) not in ("", "Z")}


def _state(pid: int) -> str:
    state = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return state.stdout.strip()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture
def demo(home: Path) -> Iterator[Demo]:
    demo = start(home, a_free_port())
    yield demo
    if demo.process.poll() is None:
        demo.process.send_signal(signal.SIGTERM)
        demo.process.wait(timeout=30)


def test_from_an_empty_home_to_a_prediction(demo: Demo) -> None:
    wait_until_ready(demo, FIRST_START_LIMIT_S)

    assert "training a first one" in demo.said()
    assert demo.ask("/api/v1/predict", {"text": "thank you"})["model_version"] == "1"
    assert demo.ask("/mlflow/api/2.0/mlflow/registered-models/search?max_results=1")["registered_models"]
    for line in ("Page", "API", "MLflow", "Alert mails", "Logs", "Stop"):
        assert re.search(rf"^ +{line} ", demo.said(), re.MULTILINE)

    second = start(demo.home, a_free_port())
    assert second.process.wait(timeout=30) == 1
    assert "already running" in second.said()
    assert "Traceback" not in second.said()

    processes = demo.descendants()
    assert len(processes) >= 5
    demo.process.send_signal(signal.SIGINT)

    assert demo.process.wait(timeout=30) == 0
    assert set() == alive(processes)


def test_a_second_start_trains_nothing_and_predicts_before_mlflow_is_up(demo: Demo) -> None:
    wait_until_ready(demo, SECOND_START_LIMIT_S)

    said = demo.said()
    assert "training" not in said
    assert said.index("predicts already") < said.index("MLflow answers")


def test_when_a_part_dies_it_is_named_and_the_rest_ends(demo: Demo) -> None:
    wait(lambda: "predicts already" in demo.said(), SECOND_START_LIMIT_S, demo.said)
    processes = demo.descendants()
    api = next(pid for pid in processes if "vigie-api" in _command(pid))
    os.kill(api, signal.SIGKILL)

    assert demo.process.wait(timeout=30) == 1
    assert "The API was ended by SIGKILL." in demo.said()
    assert "api.log" in demo.said()
    assert "Traceback" not in demo.said()
    assert set() == alive(processes)


def test_even_a_killed_demo_leaves_nothing_running(demo: Demo) -> None:
    wait(lambda: "predicts already" in demo.said(), SECOND_START_LIMIT_S, demo.said)
    processes = demo.descendants()
    demo.process.kill()
    demo.process.wait()

    wait(lambda: not alive(processes), 20, lambda: f"still running: {alive(processes)}")


def test_while_the_page_starts_a_visitor_is_told_so(demo: Demo) -> None:
    wait(lambda: _status(demo.address) is not None, 30, demo.said)

    status, body = _status(demo.address) or (0, "")
    assert (status, "starting" in body) == (503, True) or status == 200


def test_no_log_holds_a_visitors_address_or_a_tweet(demo: Demo) -> None:
    wait(lambda: "predicts already" in demo.said(), SECOND_START_LIMIT_S, demo.said)
    demo.ask("/api/v1/predict", {"text": "a very secret tweet"})

    logs = {path.name: path.read_text() for path in (demo.home / "logs").glob("*.log")}
    assert not [name for name, text in logs.items() if "secret tweet" in text]
    assert "127.0.0.1" not in logs["nginx.log"]


def _command(pid: int) -> str:
    command = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return command.stdout


def _status(address: str) -> tuple[int, str] | None:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - http, ours
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None
