"""Scores on Ray: each worker loads the version with MLflow's pyfunc flavour, wherever it runs."""

import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import ray
import ray.exceptions

from sentiment_training.errors import EngineError
from sentiment_training.scoring.scoring import Answers, Engine

# Pieces a worker has before it: one to work at, one to go on with.
_AHEAD = 2
_ANSWER_TIMEOUT_S = 5.0
# What MLflow's client in the workers needs of this process's environment.
_PASSED_ON = ("MLFLOW_", "VIGIE_")


class _Worker:
    """A process with the version loaded."""

    def __init__(self, model: str, tracking_uri: str) -> None:
        import mlflow  # noqa: PLC0415 - in the worker
        import mlflow.pyfunc  # noqa: PLC0415 - as above

        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_registry_uri(tracking_uri)
        self._model = mlflow.pyfunc.load_model(model)

    def score(self, texts: list[str]) -> Answers:
        import pandas as pd  # noqa: PLC0415 - in the worker

        answers = self._model.predict(pd.DataFrame({"text": pd.Series(texts, dtype=object)}))
        known = answers.astype(object).where(answers.notna(), None)
        return known["label"].tolist(), known["probability"].tolist()


@contextmanager
def ray_engine(model: str, tracking_uri: str, workers: int) -> Iterator[Engine]:
    """Start workers on the cluster that RAY_ADDRESS names, or on one of this machine alone.

    Parameters
    ----------
    model
        ``models:/name/version``.
    workers
        Processes, each on one core.

    Raises
    ------
    EngineError
        If the cluster does not answer or a worker fails.
    """
    _require_cluster(os.environ.get("RAY_ADDRESS", ""))
    passed = {key: value for key, value in os.environ.items() if key.startswith(_PASSED_ON)}
    elsewhere = "RAY_ADDRESS" in os.environ
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Seconds for a node to start: thirty, its default, are too few for a busy machine.
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "180")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # its future default; it warns of it
    ours = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(
            num_cpus=None if elsewhere else workers,
            include_dashboard=None if elsewhere else False,
            runtime_env={"env_vars": passed},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as fault:  # Ray raises nothing narrower when a node does not start
        raise EngineError(f"Ray does not start: {fault}; --engine local does without") from fault
    for each, handler in ours.items():
        signal.signal(each, handler)  # Ray takes them, and dies of a request to end
    try:
        remote: Any = ray.remote(num_cpus=1)(_Worker)
        actors = [remote.remote(model, tracking_uri) for _ in range(workers)]

        def score(pieces: Iterable[list[str]]) -> Iterator[Answers]:
            under_way: deque[Any] = deque()
            # Answers are taken in the order in which pieces were given, so rows keep theirs; and no more
            # pieces are read than the workers have before them.
            for texts, actor in zip(pieces, cycle(actors), strict=False):
                under_way.append(actor.score.remote(texts))
                if len(under_way) >= _AHEAD * workers:
                    yield ray.get(under_way.popleft())
            while under_way:
                yield ray.get(under_way.popleft())

        yield score
    except (ray.exceptions.RayError, ConnectionError) as fault:
        first = str(fault).strip().splitlines()[-1]
        raise EngineError(f"Ray gave up: {first}; --engine local needs no workers") from fault
    finally:
        ray.shutdown()


def _require_cluster(address: str) -> None:
    """Raise EngineError if nobody listens where a cluster should: Ray itself would wait, and say nothing."""
    host, found, port = address.rpartition("://")[2].rpartition(":")
    if not (found and port.isdecimal()):
        return  # a word of Ray's own: local, auto
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_TIMEOUT_S).close()
    except (OSError, OverflowError) as fault:
        raise EngineError(
            f"no Ray cluster answers at {address} ({fault}); set RAY_ADDRESS to one that does, or "
            "unset it to work on this machine"
        ) from fault
