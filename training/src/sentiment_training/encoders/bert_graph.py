"""The graph of a BERT-shaped encoder, written from its weights.

Written here rather than by a converter: smaller, the same on every machine, and only of operators that
`sentiment.graph` lets pass.

Quantised, weights are stored in a byte each: a quarter of the file. What flows between the layers is
rounded to 14 bits, token by token (`GraphWriter.dense`). `DynamicQuantizeLinear` would round to one byte,
over the whole batch: a tweet's answer would then depend on which others are asked about at the same time,
and, by three hundredths, on how a processor adds (docs/figures.md).
"""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from sentiment_training.encoders.bert_weights import Dense, EncoderWeights, Layer, Norm
from sentiment_training.graph_writing import IDS, MASK, GraphWriter

# Small enough that no weight is left after the softmax, and far from the end of half precision.
_MASKED = -10_000.0


def encode(
    graph: GraphWriter, weights: EncoderWeights, *, quantised: bool, prefix: str = ""
) -> Sequence[str]:
    """Add the encoder to a graph of `ids` and `mask` (1 for a token, 0 for padding, at the right).

    Parameters
    ----------
    prefix
        Of its weights' names, where there are several encoders.

    Returns
    -------
    Sequence[str]
        Of each layer, the first one first, its vector a token: shape (batch, length, width).
    """
    length = graph.node("Shape", IDS, start=1, end=2)
    kept = graph.constant(f"{prefix}positions", weights.positions)
    positions = graph.node("Slice", kept, graph.integers(0), length, graph.integers(0))
    rows = graph.rows(f"{prefix}tokens", weights.tokens, IDS, quantised=quantised)
    x = graph.node("Add", rows, positions)
    x = _norm(graph, x, f"{prefix}embedded.norm", weights.norm, weights.epsilon)

    absent = graph.node("Sub", graph.scalar(1.0), graph.node("Cast", MASK, to=TensorProto.FLOAT))
    masked = graph.node("Mul", absent, graph.scalar(_MASKED))
    masked = graph.node("Unsqueeze", masked, graph.integers(1, 2))
    if weights.distances is not None:
        table = graph.constant(f"{prefix}distances", weights.distances)
        masked = graph.node("Add", masked, _apart(graph, table, length, weights.longest))
    states = []
    for number, layer in enumerate(weights.layers):
        x = _layer(graph, f"{prefix}layer.{number}", x, masked, layer, weights, quantised=quantised)
        states.append(x)
    return states


def _apart(graph: GraphWriter, table: str, length: str, longest: int) -> str:
    """Look up what attention adds for how far tokens are apart: shape (heads, length, length)."""
    places = graph.node("Range", graph.integer(0), graph.node("Squeeze", length), graph.integer(1))
    second, first = (graph.node("Unsqueeze", places, graph.integers(axis)) for axis in (0, 1))
    away = graph.node("Add", graph.node("Sub", second, first), graph.integer(longest - 1))
    return graph.node("Transpose", graph.node("Gather", table, away), perm=[2, 0, 1])


def _layer(
    graph: GraphWriter,
    name: str,
    x: str,
    masked: str,
    layer: Layer,
    weights: EncoderWeights,
    *,
    quantised: bool,
) -> str:
    width, heads = weights.width, weights.heads

    def dense(value: str, part: str, weight: Dense) -> str:
        return graph.dense(value, f"{name}.{part}", weight.kernel, weight.bias, quantised=quantised)

    def heads_of(part: str, weight: Dense, order: Sequence[int]) -> str:
        rows = graph.node("Reshape", dense(x, part, weight), graph.integers(0, 0, heads, width // heads))
        return graph.node("Transpose", rows, perm=order)

    # Scaled before it is multiplied: fewer numbers.
    scale = np.float32((width // heads) ** -0.5)
    query = heads_of("query", Dense(layer.query.kernel * scale, layer.query.bias * scale), [0, 2, 1, 3])
    key = heads_of("key", layer.key, [0, 2, 3, 1])
    value = heads_of("value", layer.value, [0, 2, 1, 3])
    scores = graph.node("Add", graph.node("MatMul", query, key), masked)
    attention = graph.node("Softmax", scores, axis=-1)
    read = graph.node("Transpose", graph.node("MatMul", attention, value), perm=[0, 2, 1, 3])
    read = dense(graph.node("Reshape", read, graph.integers(0, 0, width)), "attended", layer.attended)
    x = _norm(
        graph, graph.node("Add", x, read), f"{name}.attended.norm", layer.attended_norm, weights.epsilon
    )
    narrow = dense(graph.gelu(dense(x, "widen", layer.widen)), "narrow", layer.narrow)
    return _norm(graph, graph.node("Add", x, narrow), f"{name}.norm", layer.norm, weights.epsilon)


def _norm(graph: GraphWriter, value: str, name: str, norm: Norm, epsilon: float) -> str:
    return graph.norm(value, name, norm.scale, norm.offset, epsilon)
