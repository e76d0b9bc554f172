"""Scores data sets and says how good the answers are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sentiment_training.datasets import Dataset
from sentiment_training.metrics import FloatArray
from sentiment_training.progress import Progress
from sentiment_training.scores import Scores, scores

CHUNK = 8192

# Anything that gives the probability of *positive* for texts: a bundle, or a model still in training's hands.
Scorer = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Evaluation:
    """How a model did on one data set."""

    dataset: Dataset
    probability: FloatArray
    scores: Scores


def probabilities(score: Scorer, texts: Sequence[str], progress: Progress, step: str) -> FloatArray:
    """Score texts piece by piece, so that memory stays bounded and the bar moves."""
    pieces = []
    with progress.step(step, len(texts)) as advance:
        for start in range(0, len(texts), CHUNK):
            piece = texts[start : start + CHUNK]
            pieces.append(np.asarray(score(piece), dtype=np.float64))
            advance(len(piece))
    return np.concatenate(pieces)


def evaluate(
    score: Scorer, datasets: Mapping[str, Dataset], threshold: float, progress: Progress
) -> dict[str, Evaluation]:
    """Score and measure each data set, by name; a text that several of them hold is scored once."""
    known: dict[str, float] = {}
    evaluations = {}
    for name, dataset in datasets.items():
        texts = dataset.texts.to_pylist()
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            found = probabilities(score, new, progress, f"evaluate {name}")
            known.update(zip(new, found.tolist(), strict=True))
        probability = np.array([known[text] for text in texts])
        evaluations[name] = Evaluation(dataset, probability, scores(probability, dataset.labels, threshold))
    return evaluations
