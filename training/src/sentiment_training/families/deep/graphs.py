"""The networks as ONNX graphs, written from their weights: no converter, and no Loop for what recurs.

Texts of a request are padded to one length. The recurrent operators take each text's own length, and the
filters see zeros where padding is, as they do at the end of a text: so padding changes nothing.
"""

from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from sentiment_training.families.deep.networks import (
    EMBEDDING,
    SCORE,
    convolution_name,
    recurrent_name,
)
from sentiment_training.families.deep.options import (
    BILSTM,
    ConvolutionOptions,
    Kind,
    NetworkOptions,
    RecurrentOptions,
    parsed_widths,
)
from sentiment_training.families.wide import Wide
from sentiment_training.graph_writing import IDS, MASK, GraphWriter

# Below everything that a recurrent layer gives, which lies in [-1, 1].
_BELOW_STATES = -2.0

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Texts:
    """The tensors of some texts.

    Attributes
    ----------
    words
        float32, shape (batch, length, dimensions).
    lengths
        int32, shape (batch,). An empty text counts as one padding token, as it did in training.
    word_count
        The same as float32, shape (batch, 1).
    is_word
        bool, shape (batch, length, 1).
    """

    words: str
    lengths: str
    word_count: str
    is_word: str


def graph_of(network: keras.Model, kind: Kind, options: NetworkOptions, wide: Wide | None = None) -> bytes:
    """Write the graph of a network: `ids` and `mask`, both int64 (batch, length), to `probability`."""
    graph = GraphWriter()
    texts = _texts(graph, network, quantise=options.quantise)
    if isinstance(options, RecurrentOptions):
        features = _recurrent(graph, texts, network, kind, options)
    else:
        assert isinstance(options, ConvolutionOptions)  # noqa: S101 - there are these two
        features = _convolution(graph, texts, network, options)
    score = graph.dense(features, SCORE, *network.get_layer(SCORE).get_weights())
    log_odds = graph.node("Squeeze", score, graph.integers(1))
    if wide is not None:
        log_odds = wide.joined(graph, log_odds)
    return graph.served(kind.name, graph.node("Sigmoid", log_odds))


def _texts(graph: GraphWriter, network: keras.Model, *, quantise: bool) -> _Texts:
    (table,) = network.get_layer(EMBEDDING).get_weights()
    counted = graph.node("ReduceSum", MASK, graph.integers(1), keepdims=1)
    count = graph.node("Max", counted, graph.integer(1))
    width = graph.node("Squeeze", graph.node("Shape", IDS, start=1))
    places = graph.node("Range", graph.integer(0), width, graph.integer(1))
    is_word = graph.node("Less", places, count)
    return _Texts(
        words=graph.rows(EMBEDDING, table, IDS, quantised=quantise),
        lengths=graph.node("Cast", graph.node("Squeeze", count, graph.integers(1)), to=TensorProto.INT32),
        word_count=graph.node("Cast", count, to=TensorProto.FLOAT),
        is_word=graph.node("Unsqueeze", is_word, graph.integers(2)),
    )


def _recurrent(
    graph: GraphWriter, texts: _Texts, network: keras.Model, kind: Kind, options: RecurrentOptions
) -> str:
    """Give maximum and mean over each text's states, (batch, 4 · units)."""
    operator, write = ("LSTM", _lstm_weights) if kind.name == BILSTM.name else ("GRU", _gru_weights)
    as_keras = {} if operator == "LSTM" else {"linear_before_reset": 1}
    states = graph.node("Transpose", texts.words, perm=[1, 0, 2])
    for number in range(options.layers):
        name = recurrent_name(number)
        layer = network.get_layer(name)
        weights = [write(*each.get_weights()) for each in (layer.forward_layer, layer.backward_layer)]
        stacked = [np.stack(parts) for parts in zip(*weights, strict=True)]
        kept = [graph.constant(f"{name}.{part}", each) for part, each in zip("WRB", stacked, strict=True)]
        both = graph.node(
            operator,
            states,
            *kept,
            texts.lengths,
            hidden_size=options.units,
            direction="bidirectional",
            **as_keras,
        )
        # (length, direction, batch, units) → (length, batch, 2 · units), forwards first, as in Keras.
        beside = graph.node("Transpose", both, perm=[0, 2, 1, 3])
        states = graph.node("Reshape", beside, graph.integers(0, 0, 2 * options.units))
    is_step = graph.node("Transpose", texts.is_word, perm=[1, 0, 2])
    shown = graph.node("Where", is_step, states, graph.scalar(_BELOW_STATES))
    largest = graph.node("ReduceMax", shown, axes=[0], keepdims=0)
    # Past a text's end the states are zero: they add nothing.
    total = graph.node("ReduceSum", states, graph.integers(0), keepdims=0)
    return graph.node("Concat", largest, graph.node("Div", total, texts.word_count), axis=1)


def _lstm_weights(kernel: Floats, recurrent: Floats, bias: Floats) -> tuple[Floats, Floats, Floats]:
    """Reorder the gates: Keras has input, forget, cell, output; ONNX input, output, forget, cell."""

    def gates(weights: Floats) -> Floats:
        into, forget, cell, out = np.split(weights, 4, axis=-1)
        ordered: Floats = np.concatenate([into, out, forget, cell], axis=-1)
        return ordered

    given = gates(bias)
    return gates(kernel).T, gates(recurrent).T, np.concatenate([given, np.zeros_like(given)])


def _gru_weights(kernel: Floats, recurrent: Floats, bias: Floats) -> tuple[Floats, Floats, Floats]:
    """Both have the gates update, reset, hidden; Keras' bias is (2, 3 · units): of inputs, of states."""
    return kernel.T, recurrent.T, bias.reshape(-1)


def _convolution(graph: GraphWriter, texts: _Texts, network: keras.Model, options: ConvolutionOptions) -> str:
    """Give each filter's strongest answer within each text, (batch, widths · filters)."""
    counts = graph.node("Cast", texts.is_word, to=TensorProto.FLOAT)
    channels = graph.node("Transpose", graph.node("Mul", texts.words, counts), perm=[0, 2, 1])
    answers_count = graph.node("Transpose", counts, perm=[0, 2, 1])
    strongest = []
    for width in parsed_widths(options.widths):
        name = convolution_name(width)
        kernel, bias = network.get_layer(name).get_weights()
        answers = graph.node(
            "Conv",
            channels,
            graph.constant(f"{name}.W", kernel.transpose(2, 1, 0)),
            graph.constant(f"{name}.B", bias),
            # Keras' "same": the odd one on the right.
            pads=[(width - 1) // 2, width // 2],
        )
        # No answer is below zero, so a zero past the end is never the strongest.
        counted = graph.node("Mul", graph.node("Relu", answers), answers_count)
        strongest.append(graph.node("ReduceMax", counted, axes=[2], keepdims=0))
    return graph.node("Concat", *strongest, axis=1)
