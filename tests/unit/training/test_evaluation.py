"""Data sets are measured on what a model answers about each of their texts."""

from collections.abc import Callable, Sequence

import numpy as np

from sentiment_training.datasets import Dataset
from sentiment_training.evaluation import evaluate
from sentiment_training.progress import SilentProgress


def test_a_text_that_several_data_sets_hold_is_scored_once(dataset: Callable[..., Dataset]) -> None:
    asked: list[str] = []

    def score(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return np.array([len(text) / 10 for text in texts])

    everything = dataset(["one", "three", "seventy", "one"], [False, False, True, False])
    part = dataset(["seventy", "one"], [False, True])
    measured = evaluate(score, {"all": everything, "part": part, "again": part}, 0.5, SilentProgress())
    assert ["one", "three", "seventy"] == asked
    assert [0.3, 0.5, 0.7, 0.3] == measured["all"].probability.tolist()
    assert [0.7, 0.3] == measured["part"].probability.tolist()
    assert [0.75, 0.0, 0.0] == [each.scores.accuracy.value for each in measured.values()]
