"""One step of a training: what it minimises, and what it says of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from deep_extra import require_networks

from sentiment_training.families import Examples, Work
from sentiment_training.families.deep.options import TEXTCNN

require_networks()

LABELS = np.array([True, False, False])
WEIGHTS = np.array([1.0, 2.0, 6.0])


def test_each_text_counts_the_same_however_few_share_its_length() -> None:
    import keras  # noqa: PLC0415 - after the skip

    from sentiment_training.families.deep.fitting import fit  # noqa: PLC0415
    from sentiment_training.families.deep.networks import build  # noqa: PLC0415
    from sentiment_training.families.deep.rows import Rows  # noqa: PLC0415

    # A network that cannot learn on: both batches meet the weights that it starts with.
    options = replace(
        TEXTCNN.defaults, filters=2, embedding_dim=3, batch=4, epochs=1, dropout=0.0, spatial_dropout=0.0,
        word_dropout=0.0, learning_rate=1e-30,
    )  # fmt: skip
    keras.utils.set_random_seed(1)
    network = build(TEXTCNN, options, (10, 3), "float32")
    rows = Rows(np.array([2, 3, 4, 5, 6, 7, 8], np.int32), np.array([2, 2, 3]))
    logits = np.array([network(rows.batch(np.array([row])))[0, 0] for row in range(3)])
    losses = np.logaddexp(0, np.where(LABELS, -logits, logits))
    steps: list[float] = []
    train_on_batch = network.train_on_batch

    def overheard(*given: Any, **named: Any) -> float:  # noqa: ANN401 - as Keras takes them
        steps.append(float(train_on_batch(*given, **named)))
        return steps[-1]

    network.train_on_batch = overheard
    examples = replace(Examples.of(["a b", "c d", "e f g"], LABELS), weights=WEIGHTS)
    reported: dict[str, float] = {}
    fit(
        network,
        rows,
        LABELS.astype(np.float32),
        WEIGHTS,
        examples,
        rows,
        options,
        Work(report=lambda name, value, _step: reported.update({name: value})),
        None,
        lambda *_: None,
    )
    counting = WEIGHTS / WEIGHTS.mean()
    # Two texts of two words and one of three, each over a batch of four.
    expected = [(losses[:2] * counting[:2]).sum() / 4, losses[2] * counting[2] / 4]
    assert sorted(steps) == pytest.approx(sorted(expected), rel=1e-5)
    assert reported["train.loss"] == pytest.approx((losses * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-5)
