"""How long a tweet takes in encoders whose dense layers multiply whole numbers, and in the same in float32.

    python tests/bench/whole_numbers.py --tweets 60

Random weights of three encoders' shapes, tweets of 8 to 50 tokens, in turn; processor time of one thread.
"""

import argparse
import statistics
import time

import numpy as np
import onnxruntime

from sentiment_training.encoders.bert_graph import encode
from sentiment_training.encoders.bert_weights import Dense, EncoderWeights, Layer, Norm
from sentiment_training.encoders.pooling import mean_of_tokens
from sentiment_training.graph_writing import GraphWriter

# Layers and width; the small network is four times as wide.
SHAPES = {"MiniLM": (6, 384), "E5-small": (12, 384), "MPNet, nine layers": (9, 768)}
VOCABULARY, LONGEST = 20_000, 80
WARM_UP = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tweets", type=int, default=60)
    chosen = parser.parse_args()
    print("| | float32, ms | whole numbers, ms | ratio |\n|---|--:|--:|--:|")
    for name, (layers, width) in SHAPES.items():
        random = np.random.default_rng(0)
        weights = an_encoder(random, layers, width)
        sides = [a_session(weights, quantised=each) for each in (False, True)]
        taken: list[list[float]] = [[], []]
        for _ in range(WARM_UP + chosen.tweets):
            length = int(np.clip(random.normal(27, 8), 8, 50))
            ids = random.integers(1, VOCABULARY, (1, length))
            for session, seconds in zip(sides, taken, strict=True):
                start = time.process_time()
                session.run(None, {"ids": ids, "mask": np.ones_like(ids)})
                seconds.append(time.process_time() - start)
        exact, whole = (1e3 * statistics.median(each[WARM_UP:]) for each in taken)
        print(f"| {name} | {exact:.1f} | {whole:.1f} | {whole / exact:.2f} |")


def an_encoder(random: np.random.Generator, layers: int, width: int) -> EncoderWeights:
    """Return weights that no training has seen."""

    def matrix(rows: int, columns: int) -> np.ndarray:
        return random.normal(0, 0.03, (rows, columns)).astype(np.float32)

    def dense(inputs: int, outputs: int) -> Dense:
        return Dense(matrix(inputs, outputs), np.zeros(outputs, np.float32))

    def norm() -> Norm:
        return Norm(np.ones(width, np.float32), np.zeros(width, np.float32))

    def layer() -> Layer:
        query, key, value, attended = (dense(width, width) for _ in range(4))
        widen, narrow = dense(width, 4 * width), dense(4 * width, width)
        return Layer(query, key, value, attended, norm(), widen, narrow, norm())

    return EncoderWeights(
        tokens=matrix(VOCABULARY, width),
        positions=matrix(LONGEST, width),
        norm=norm(),
        layers=[layer() for _ in range(layers)],
        heads=12,
        epsilon=1e-12,
    )


def a_session(weights: EncoderWeights, *, quantised: bool) -> onnxruntime.InferenceSession:
    """Load an encoder as the API does: one thread."""
    graph = GraphWriter()
    mean = mean_of_tokens(graph, encode(graph, weights, quantised=quantised)[-1])
    first = graph.node("Gather", mean, graph.integer(0), axis=1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = graph.served("encoder", graph.node("Sigmoid", first))
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
