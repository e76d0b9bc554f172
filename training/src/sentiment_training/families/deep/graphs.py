"""The networks as ONNX graphs, written from their weights: no converter, and no Loop for what recurs.

Texts of a request are padded to one length. The recurrent operators take each text's own length, and the
filters see zeros where padding is, as they do at the end of a text: so padding changes nothing.
"""

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

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
from sentiment_training.families.deep.wide import Wide

_OPSET = 17  # of 2021: whatever runtime an old server has, it knows it
_IR_VERSION = 8  # goes with the opset

_LARGEST_BYTE = 127
# Below everything that a recurrent layer gives, which lies in [-1, 1].
_BELOW_STATES = -2.0

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]


class _Graph:
    """Nodes and constants, in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Array] = {}

    def add(
        self, operator: str, inputs: Sequence[str], output: str, **attributes: int | str | Sequence[int]
    ) -> str:
        node = helper.make_node(operator, inputs, [output])
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self.nodes.append(node)
        return output

    def keep(self, name: str, value: Array) -> str:
        self.constants[name] = value
        return name


def graph_of(
    network: keras.Model, kind: Kind, options: NetworkOptions, wide: Wide | None = None
) -> ModelProto:
    """Write the graph of a network: `ids` and `mask`, both int64 (batch, length), to `probability`."""
    graph = _Graph()
    _lengths(graph)
    _embed(graph, network, quantise=options.quantise)
    if isinstance(options, RecurrentOptions):
        text = _recurrent(graph, network, kind, options)
    else:
        assert isinstance(options, ConvolutionOptions)  # noqa: S101 - there are these two
        text = _convolution(graph, network, options)
    kernel, bias = network.get_layer(SCORE).get_weights()
    graph.add("MatMul", [text, graph.keep("score_kernel", kernel)], "weighed")
    graph.add("Add", ["weighed", graph.keep("score_bias", bias)], "score")
    graph.add("Squeeze", ["score", "axis_1"], "squeezed")
    log_odds = "squeezed"
    if wide is not None:
        nodes, constants = wide.nodes(log_odds, "mixed")
        graph.nodes += nodes
        graph.constants |= constants
        log_odds = "mixed"
    graph.add("Sigmoid", [log_odds], "probability")
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("ids", "mask")
    ]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            kind.name,
            inputs,
            [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch"])],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in graph.constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    checker.check_model(model, full_check=True)
    return model


def _lengths(graph: _Graph) -> None:
    """Give `lengths` (batch,) and, as float, `word_count` (batch, 1) and `is_word` (batch, length, 1).

    An empty text counts as one padding token, as it did in training.
    """
    for name, value in {"zero": 0, "one": 1}.items():
        graph.keep(name, np.array(value))
    graph.keep("axis_1", np.array([1]))
    graph.add("ReduceSum", ["mask", "axis_1"], "counted", keepdims=1)
    graph.add("Max", ["counted", "one"], "count")
    graph.add("Cast", ["count"], "word_count", to=TensorProto.FLOAT)
    graph.add("Squeeze", ["count", "axis_1"], "count_flat")
    graph.add("Cast", ["count_flat"], "lengths", to=TensorProto.INT32)
    graph.add("Shape", ["ids"], "width_1", start=1)
    graph.add("Squeeze", ["width_1"], "width")
    graph.add("Range", ["zero", "width", "one"], "places")
    graph.add("Less", ["places", "count"], "is_word_flat")
    graph.add("Unsqueeze", ["is_word_flat", graph.keep("axis_2", np.array([2]))], "is_word")


def _embed(graph: _Graph, network: keras.Model, *, quantise: bool) -> None:
    """Give `words`, float (batch, length, dimensions)."""
    (table,) = network.get_layer(EMBEDDING).get_weights()
    if not quantise:
        graph.add("Gather", [graph.keep("embeddings", table), "ids"], "words")
        return
    quantised, scales = quantised_rows(table)
    graph.add("Gather", [graph.keep("embeddings", quantised), "ids"], "word_bytes")
    graph.add("Cast", ["word_bytes"], "word_steps", to=TensorProto.FLOAT)
    graph.add("Gather", [graph.keep("embedding_scales", scales), "ids"], "word_scales")
    graph.add("Mul", ["word_steps", "word_scales"], "words")


def quantised_rows(table: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return rows as bytes, each with its own scale: largest value / 127, shape (rows, 1)."""
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), np.finfo(np.float32).tiny) / _LARGEST_BYTE
    return np.rint(table / scales).astype(np.int8), scales.astype(np.float32)


def _recurrent(graph: _Graph, network: keras.Model, kind: Kind, options: RecurrentOptions) -> str:
    """Give maximum and mean over each text's states, (batch, 4 · units)."""
    states = graph.add("Transpose", ["words"], "steps", perm=[1, 0, 2])
    for number in range(options.layers):
        name = recurrent_name(number)
        layer = network.get_layer(name)
        write = _lstm_weights if kind.name == BILSTM.name else _gru_weights
        weights = [write(*each.get_weights()) for each in (layer.forward_layer, layer.backward_layer)]
        stacked = [np.stack(parts) for parts in zip(*weights, strict=True)]
        names = [graph.keep(f"{name}_{part}", each) for part, each in zip("WRB", stacked, strict=True)]
        graph.add(
            "LSTM" if kind.name == BILSTM.name else "GRU",
            [states, *names, "lengths"],
            f"{name}_both",
            hidden_size=options.units,
            direction="bidirectional",
            **({} if kind.name == BILSTM.name else {"linear_before_reset": 1}),
        )
        # (length, direction, batch, units) → (length, batch, 2 · units), forwards first, as in Keras.
        graph.add("Transpose", [f"{name}_both"], f"{name}_beside", perm=[0, 2, 1, 3])
        joined = graph.keep("joined", np.array([0, 0, 2 * options.units]))
        states = graph.add("Reshape", [f"{name}_beside", joined], f"{name}_states")
    graph.add("Transpose", ["is_word"], "is_step", perm=[1, 0, 2])
    graph.add("Where", ["is_step", states, graph.keep("below", np.array(_BELOW_STATES, np.float32))], "shown")
    graph.add("ReduceMax", ["shown"], "largest", axes=[0], keepdims=0)
    # Past a text's end the states are zero: they add nothing.
    graph.add("ReduceSum", [states, graph.keep("axis_0", np.array([0]))], "sum", keepdims=0)
    graph.add("Div", ["sum", "word_count"], "mean")
    return graph.add("Concat", ["largest", "mean"], "text", axis=1)


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


def _convolution(graph: _Graph, network: keras.Model, options: ConvolutionOptions) -> str:
    """Give each filter's strongest answer within each text, (batch, widths · filters)."""
    graph.add("Cast", ["is_word"], "word_or_zero", to=TensorProto.FLOAT)
    graph.add("Mul", ["words", "word_or_zero"], "words_alone")
    graph.add("Transpose", ["words_alone"], "channels", perm=[0, 2, 1])
    graph.add("Transpose", ["word_or_zero"], "answers_count", perm=[0, 2, 1])
    strongest = []
    for width in parsed_widths(options.widths):
        name = convolution_name(width)
        kernel, bias = network.get_layer(name).get_weights()
        graph.add(
            "Conv",
            ["channels", graph.keep(f"{name}_W", kernel.transpose(2, 1, 0)), graph.keep(f"{name}_B", bias)],
            f"{name}_answers",
            # Keras' "same": the odd one on the right.
            pads=[(width - 1) // 2, width // 2],
        )
        graph.add("Relu", [f"{name}_answers"], f"{name}_relu")
        # No answer is below zero, so a zero past the end is never the strongest.
        graph.add("Mul", [f"{name}_relu", "answers_count"], f"{name}_counted")
        strongest.append(
            graph.add("ReduceMax", [f"{name}_counted"], f"{name}_strongest", axes=[2], keepdims=0)
        )
    return graph.add("Concat", strongest, "text", axis=1)
