"""Live figures reach MLflow, and an MLflow that is away stalls nothing and loses nothing."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from mlflow.entities import Metric

from sentiment_training.errors import TrackingError, UnreachableError
from sentiment_training.live import LiveFigures
from sentiment_training.tracking import Outage, Patience

URI = "http://127.0.0.1:9/mlflow"


class Mlflow:
    """Takes metrics, or is away, or refuses."""

    def __init__(self) -> None:
        self.there = threading.Event()
        self.there.set()
        self.asked = threading.Event()
        self.refuses = False
        self.steps: list[int] = []

    def take(self, metrics: Sequence[Metric]) -> None:
        self.asked.set()
        if self.refuses:
            raise TrackingError("no such run")
        if not self.there.is_set():
            raise UnreachableError("MLflow is away", "start it")
        self.steps.extend(each.step for each in metrics)


@pytest.fixture
def mlflow() -> Mlflow:
    return Mlflow()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def live(mlflow: Mlflow, said: list[str]) -> Iterator[LiveFigures]:
    live = LiveFigures(mlflow.take, Outage(URI, said.append), retry_s=0.01)
    yield live
    live.stop()


def a_loss(step: int) -> Metric:
    return Metric("loss", 0.5, 0, step)


def test_a_figure_is_sent_at_once(mlflow: Mlflow, live: LiveFigures) -> None:
    live.add(a_loss(0))
    assert live.flush(5)
    assert [0] == mlflow.steps


def test_what_could_not_be_sent_is_sent_later_in_order_and_both_are_said_once(
    mlflow: Mlflow, live: LiveFigures, said: list[str]
) -> None:
    mlflow.there.clear()
    for step in range(2_500):
        live.add(a_loss(step))
    assert not live.flush(0.1)

    mlflow.there.set()

    assert live.flush(5)
    assert list(range(2_500)) == mlflow.steps
    assert said == ["MLflow is away; what it is to know is sent later", "MLflow answers again"]


def test_a_refusal_is_said_and_ends_nothing(mlflow: Mlflow, live: LiveFigures, said: list[str]) -> None:
    mlflow.refuses = True
    live.add(a_loss(0))
    assert live.flush(5)
    mlflow.refuses = False
    live.add(a_loss(1))
    assert live.flush(5)

    assert [1] == mlflow.steps
    assert said == ["1 live figures are lost: no such run"]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def patience(said: list[str], clock: Clock) -> Patience:
    return Patience(Outage(URI, said.append), 120, 2, clock, clock.sleep)


def test_a_server_that_comes_back_within_two_minutes_is_waited_for(said: list[str]) -> None:
    clock = Clock()

    def action() -> str:
        if clock.now < 60:
            raise UnreachableError("MLflow is away", "start it")
        return "done"

    assert patience(said, clock)(action) == "done"
    assert said[1:] == ["waiting for MLflow, 2 minutes at most", "MLflow answers again"]


def test_one_that_does_not_is_given_up(said: list[str]) -> None:
    clock = Clock()

    def action() -> None:
        raise UnreachableError("MLflow is away", "start it")

    with pytest.raises(UnreachableError):
        patience(said, clock)(action)
    assert 120 <= clock.now <= 124


def test_a_refusal_is_not_repeated(said: list[str]) -> None:
    tries = []

    def action() -> None:
        tries.append(1)
        raise TrackingError("no")

    with pytest.raises(TrackingError):
        patience(said, Clock())(action)
    assert (len(tries), said) == (1, [])
