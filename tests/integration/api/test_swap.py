"""The running API follows a real MLflow while requests go on without pause."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from servers import free_port, wait_until

from .conftest import Api, Model

pytestmark = pytest.mark.slow  # MLflow alone takes longer to start

SWAPS_WITHIN_S = 10


class Stream:
    """Requests without a pause, and what came back."""

    def __init__(self, url: str) -> None:
        self.answers: Counter[tuple[int, str, str]] = Counter()
        self.failures: list[str] = []
        self._url = url
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def versions(self) -> set[str]:
        return {version for _, version, _ in list(self.answers)}

    def _ask(self) -> None:
        with httpx.Client(timeout=10, trust_env=False) as client:
            while not self._stop.is_set():
                try:
                    response = client.post(f"{self._url}/v1/predict", json={"texts": ["flight", "flight"]})
                    body = response.json()
                    labels = {(item["label"], item["model_version"]) for item in body["predictions"]}
                    ((label, version),) = labels
                    self.answers[response.status_code, version, label] += 1
                except (httpx.HTTPError, KeyError, ValueError) as error:
                    self.failures.append(f"{type(error).__name__}: {error}")


@contextmanager
def a_stream(url: str) -> Iterator[Stream]:
    stream = Stream(url)
    stream.start()
    try:
        yield stream
    finally:
        stream.stop()


@pytest.fixture
def api(model: Model, mlflow_server: str, start_api: Callable[..., Api]) -> Api:
    """An API that serves version 1, which finds every text positive."""
    model.promote(model.add(bias=9.0))
    api = start_api(VIGIE_MLFLOW_URI=mlflow_server, VIGIE_MODEL_NAME=model.name, VIGIE_POLL_INTERVAL_S="2")
    wait_until(lambda: api.model()["version"] == "1", 30, "version 1 serves")
    return api


def test_a_promoted_version_answers_within_ten_seconds_and_no_request_fails(api: Api, model: Model) -> None:
    second = model.add(bias=-9.0)
    with a_stream(api.url) as stream:
        wait_until(lambda: sum(stream.answers.values()) > 100, 20, "requests go on")
        for version in (second, "1", second):
            model.promote(version)
            start = time.monotonic()
            wait_until(
                lambda: api.predict("flight").json()["model_version"] == version,  # noqa: B023 - called at once
                SWAPS_WITHIN_S,
                f"version {version} answers",
            )
            print(f"version {version} answered after {time.monotonic() - start:.1f} s")

    print(dict(stream.answers))
    assert stream.failures == []
    assert set(stream.answers) == {(200, "1", "positive"), (200, second, "negative")}


def damage(folder: Path) -> None:
    graph = folder / "model.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)


def disagree(folder: Path) -> None:
    manifest = folder / "bundle.json"
    content = json.loads(manifest.read_text())
    content["golden"][0]["probability"] = 1 - content["golden"][0]["probability"]
    manifest.write_text(json.dumps(content))


@pytest.mark.parametrize(("change", "word"), [(damage, "sha256"), (disagree, "golden")])
def test_a_bad_version_is_refused_while_requests_go_on(
    api: Api, model: Model, change: Callable[[Path], None], word: str
) -> None:
    bad = model.add(bias=-9.0, change=change)
    with a_stream(api.url) as stream:
        model.promote(bad)
        wait_until(
            lambda: "vigie.refused" in model.tags(bad), SWAPS_WITHIN_S, "the refusal is on the version"
        )
        seen = sum(stream.answers.values())
        wait_until(lambda: sum(stream.answers.values()) > seen + 100, 20, "requests go on")
        state = api.model()
        good = model.add(bias=-9.0)
        model.promote(good)
        wait_until(lambda: good in stream.versions(), SWAPS_WITHIN_S, "the next good version answers")

    assert stream.failures == []
    assert set(stream.answers) == {(200, "1", "positive"), (200, good, "negative")}
    assert state["version"] == "1"
    assert [item["version"] for item in state["refused"]] == [bad]  # type: ignore[attr-defined]  # JSON
    assert word in model.tags(bad)["vigie.refused"]
    assert f"model_refused version={bad}" in api.log.read_text()


def test_a_start_without_mlflow_serves_the_last_good_version_from_the_cache(
    api: Api, start_api: Callable[..., Api], model: Model
) -> None:
    assert api.model()["loaded_from"] == "registry"
    start = time.monotonic()
    cut_off = start_api(
        VIGIE_MLFLOW_URI=f"http://127.0.0.1:{free_port()}/mlflow", VIGIE_MODEL_NAME=model.name
    )
    wait_until(lambda: cut_off.predict().status_code == 200, 20, "the cached version answers")
    print(f"answered {time.monotonic() - start:.1f} s after the start")

    state = cut_off.model()
    assert (state["version"], state["loaded_from"]) == ("1", "cache")
    assert state["registry"]["reachable"] is False  # type: ignore[index]  # JSON


def test_two_workers_agree_and_their_numbers_add_up(
    model: Model, mlflow_server: str, start_api: Callable[..., Api]
) -> None:
    model.promote(model.add(bias=9.0))
    api = start_api(workers=2, VIGIE_MLFLOW_URI=mlflow_server, VIGIE_MODEL_NAME=model.name)
    wait_until(lambda: [api.predict().status_code for _ in range(20)] == [200] * 20, 30, "both serve")
    before = predictions(api)
    with a_stream(api.url) as stream:
        second = model.add(bias=-9.0)
        model.promote(second)
        wait_until(lambda: second in stream.versions(), SWAPS_WITHIN_S, "the second version answers")
        wait_until(
            lambda: {api.predict().json()["model_version"] for _ in range(20)} == {second}, 10, "both swapped"
        )
    assert stream.failures == []
    assert predictions(api) - before >= 2 * sum(stream.answers.values())
    assert f'vigie_model_info{{bundle_sha256="{api.model()["bundle_sha256"]}"' in api.metrics()


def predictions(api: Api) -> float:
    lines = [line for line in api.metrics().splitlines() if line.startswith("vigie_predictions_total")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)
