"""What a run is given: cleaned over all files, split, and free of what it is measured on."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pytest

from sentiment import Bundle
from sentiment_training.datasets import normalised
from sentiment_training.errors import ParityError
from sentiment_training.families import FAMILIES
from sentiment_training.progress import SilentProgress
from sentiment_training.train import Recipe, check_parity, prepare


def recipe(data: list[str], **evaluation: str) -> Recipe:
    return Recipe(FAMILIES["logreg"], data, evaluation, {})


def test_no_text_is_on_two_sides(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(600)
    first = a_file("first.csv", {"text": texts[:400], "label": [int(each) for each in labels[:400]]})
    second = a_file("second.parquet", {"text": texts[300:], "label": [int(each) for each in labels[300:]]})
    exam = a_file("exam.csv", {"text": texts[:50], "label": [int(each) for each in labels[:50]]})

    material = prepare(recipe([first, second], exam=exam), SilentProgress())

    sides = [set(normalised(each.texts).to_pylist()) for each in material.to_evaluate().values()]
    learned = set(normalised(material.train.texts).to_pylist())
    assert all(not learned & side for side in sides)
    assert list(material.to_evaluate()) == ["heldout", "heldout_first", "heldout_second", "exam"]
    assert material.counts["second"].duplicate == 100
    assert material.counts["first"].evaluated == 50
    assert len(material.train) + len(material.held_out) == 550


def test_a_bundle_that_disagrees_with_its_trainer_is_not_let_through() -> None:
    class Trained:
        parameters: Mapping[str, str] = MappingProxyType({})

        def probabilities(self, texts: list[str]) -> np.ndarray:
            return np.full(len(texts), 0.5)

    class Exported:
        def __init__(self, probability: float) -> None:
            self.probability = probability

        def probabilities(self, texts: list[str]) -> np.ndarray:
            return np.full(len(texts), self.probability)

    def difference(probability: float) -> float:
        bundle: Bundle = Exported(probability)  # type: ignore[assignment]
        return check_parity(Trained(), bundle, ["a", "b"], SilentProgress())  # type: ignore[arg-type]

    assert difference(0.500001) == pytest.approx(1e-6)
    for wrong in (0.50002, float("nan")):
        with pytest.raises(ParityError, match="nothing was registered"):
            difference(wrong)
