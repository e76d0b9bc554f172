"""What happens when a part dies or is stopped, while requests go on; and what the whole takes when idle."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from servers import wait_until
from stack import Stack, docker

HEAL_LIMIT_S = 30
MEMORY_LIMIT_MIB = 2048
# Requests a second: enough to meet every moment of a restart, and no load to speak of.
RATE = 20


class Load:
    """Predictions sent to this machine at a steady rate, and what became of them."""

    def __init__(self, stack: Stack) -> None:
        self._url = f"{stack.address}/api/v1/predict"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answered = 0
        self.failed: list[str] = []

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=10) as client:
            while not self._stop.wait(1 / RATE):
                try:
                    answer = client.post(self._url, json={"text": f"thank you {self.answered}"})
                except httpx.HTTPError as error:
                    self.failed.append(repr(error))
                    continue
                if answer.status_code == 200:
                    self.answered += 1
                else:
                    self.failed.append(f"{answer.status_code} {answer.text[:200]}")

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def answers_more(self, count: int) -> None:
        before = self.answered
        wait_until(lambda: self.answered >= before + count or bool(self.failed), 60, f"{count} more answers")


@pytest.fixture(autouse=True)
def well_before_and_after(stack: Stack) -> Iterator[None]:
    wait_until(stack.all_well, 120, "every part answers")
    yield
    wait_until(stack.all_well, 120, "every part answers")


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.1f} s")


def crash(stack: Stack, service: str) -> None:
    """Kill the container's first process, as a crash would; `docker kill` counts as a wish of the owner."""
    before = stack.pid(service)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: stack.pid(service) not in {0, before}, HEAL_LIMIT_S, f"{service} runs again")


@pytest.mark.parametrize("service", ["mlflow", "minio", "postgres", "ui"])
def test_predictions_never_fail_while_a_part_is_down(stack: Stack, service: str) -> None:
    with Load(stack) as load:
        load.answers_more(10)
        stack.compose("stop", service)
        load.answers_more(60)
        stack.compose("start", service)
        with timed(f"{service} stopped and started again, all is well after"):
            wait_until(stack.all_well, HEAL_LIMIT_S, f"all is well after {service} was started again")
        load.answers_more(10)

    assert load.failed == []
    assert load.answered >= 80


@pytest.mark.parametrize("service", ["mlflow", "minio", "postgres", "ui"])
def test_predictions_never_fail_while_a_part_crashes_and_it_comes_back_by_itself(
    stack: Stack, service: str
) -> None:
    with Load(stack) as load:
        load.answers_more(10)
        with timed(f"{service} killed, all is well after"):
            crash(stack, service)
            wait_until(stack.all_well, HEAL_LIMIT_S, f"all is well after {service} was killed")
        load.answers_more(10)

    assert load.failed == []


@pytest.mark.parametrize("service", ["api", "nginx"])
def test_what_serves_itself_comes_back_by_itself(stack: Stack, service: str) -> None:
    version = stack.version_serving()
    with timed(f"{service} killed, all is well after"):
        crash(stack, service)
        wait_until(stack.all_well, HEAL_LIMIT_S, f"all is well after {service} was killed")

    assert stack.version_serving() == version


def test_the_api_starts_from_its_cache_while_everything_else_is_down(stack: Stack) -> None:
    version = stack.version_serving()
    stack.compose("stop", "mlflow", "minio", "postgres", "ui")
    try:
        stack.compose("restart", "api")
        wait_until(stack.predicts, HEAL_LIMIT_S, "the API answers from its cache")
        assert stack.version_serving() == version
        page = stack.ask("/")
        assert (page.status, b"starting" in page.body) == (503, True)
        assert stack.ask("/mlflow/").status == 401
        assert stack.ask("/mlflow/", user="viewer").status == 503
    finally:
        stack.compose("up", "--detach", "--wait", "postgres", "minio", "mlflow", "ui")


def test_everything_comes_back_after_the_machine_itself_restarts(stack: Stack) -> None:
    """All at once and in no order, as the engine does: `depends_on` is Compose's and does not hold then."""
    containers = [stack.container(name) for name in ("nginx", "ui", "api", "mlflow", "minio", "postgres")]
    docker("restart", "--time", "10", *containers)
    with timed("all containers restarted at once, all is well after"):
        wait_until(stack.all_well, HEAL_LIMIT_S, "all is well again")


def test_the_idle_platform_takes_two_gigabytes_at_most(stack: Stack) -> None:
    running = stack.compose("ps", "--quiet").split()
    shown = docker("stats", "--no-stream", "--format", "{{json .}}", *running)
    used = {
        row["Name"].removeprefix(f"{stack.project}-").removesuffix("-1"): mib(row["MemUsage"])
        for row in map(json.loads, shown.splitlines())
    }
    for name, amount in sorted(used.items(), key=lambda item: -item[1]):
        print(f"{name:<10} {amount:7.0f} MiB")
    print(f"{'in all':<10} {sum(used.values()):7.0f} MiB")

    assert sum(used.values()) <= MEMORY_LIMIT_MIB


def mib(usage: str) -> float:
    number = usage.partition("/")[0].strip()
    for unit, factor in (("GiB", 1024.0), ("MiB", 1.0), ("KiB", 1 / 1024)):
        if number.endswith(unit):
            return float(number.removesuffix(unit)) * factor
    raise ValueError(usage)
