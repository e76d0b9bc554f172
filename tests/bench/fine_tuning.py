"""How much faster a transformer is fine-tuned with `quick.py` than as KerasHub has it, step by step in turn.

    python tests/bench/fine_tuning.py --batch 256 --tokens 20

Processor time of this process on one core; on a machine that others use, the ratio is worth more than its two
sides.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from unittest.mock import patch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from sentiment_training.encoders.bert_weights import read_weights
from sentiment_training.families.transformer import network
from sentiment_training.families.transformer.hub import folder_of
from sentiment_training.families.transformer.options import TransformerOptions
from sentiment_training.families.transformer.training import _prepared

WARM_UP = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--precision", default="mixed_bfloat16", choices=["float32", "mixed_bfloat16"])
    parser.add_argument("--weights", default="minilm")
    chosen = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    with patch.object(network, "quicken", lambda _layers: None):
        sides = {"as KerasHub does": a_step(chosen)}
    sides["quicker"] = a_step(chosen)
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(WARM_UP + chosen.steps):
        for name, step in sides.items():
            taken[name].append(measured(step))
    print("| | tweets a second of processor time |\n|---|--:|")
    for name, seconds in taken.items():
        print(f"| {name} | {chosen.batch / statistics.median(seconds[WARM_UP:]):.0f} |")
    plain, quick = (statistics.median(each[WARM_UP:]) for each in taken.values())
    print(f"| ratio | {plain / quick:.2f} |")


def a_step(chosen: argparse.Namespace) -> Callable[[], object]:
    """Build a model, and return what trains it on one made-up batch."""
    keras.utils.set_random_seed(0)
    options = TransformerOptions(batch=chosen.batch, dropout=0.0)
    model = network.build(read_weights(folder_of(chosen.weights)), options, chosen.precision)
    _prepared(model, options, compiled=network.compiles(options))
    random = np.random.default_rng(0)
    shape = (chosen.batch, chosen.tokens)
    texts = {
        "token_ids": random.integers(1_000, 20_000, shape).astype(np.int32),
        "padding_mask": np.ones(shape, np.int32),
    }
    labels = (random.random((chosen.batch, 1)) > 0.5).astype(np.float32)
    return lambda: model.train_on_batch(texts, labels)


def measured(step: Callable[[], object]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    step()
    return time.process_time() - start


if __name__ == "__main__":
    main()
