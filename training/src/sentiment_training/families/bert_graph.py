"""The ONNX graph of a BERT-shaped encoder, written from its weights.

Written here rather than by a converter: smaller, the same on every machine, and only of operators that
`sentiment.graph` lets pass.

In int8, weights are stored in a byte each: a quarter of the file. The runtime turns those of the dense layers
back into numbers when it loads them, so it answers as fast as without. Quantising what flows between the
layers as well (`DynamicQuantizeLinear`) would take its range from the whole batch: a tweet's answer would
then depend on which others are asked about at the same time, and on how a processor rounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from sentiment_training.families.bert_weights import Dense, EncoderWeights, Layer, Norm

_OPSET = 17  # of 2021, the first with LayerNormalization
_IR_VERSION = 8  # goes with the opset

_STEPS = 127  # of a byte, on either side of 0

# Small enough that no weight is left after the softmax, and far from the end of half precision.
_MASKED = -10_000.0

MASK, IDS, PROBABILITY = "mask", "ids", "probability"


@dataclass
class Graph:
    """A graph while it is written: nodes in their order, and constants by name.

    Attributes
    ----------
    int8
        Whether the weights of dense layers and embeddings are stored in a byte each.
    """

    int8: bool = False
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, npt.NDArray[np.generic]] = field(default_factory=dict)

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        """Add a constant and return its name."""
        self.constants[name] = np.asarray(value)
        return name

    def add(
        self, operator: str, inputs: Sequence[str], output: str, **attributes: int | float | Sequence[int]
    ) -> str:
        """Add a node of one output and return the output's name."""
        node = helper.make_node(operator, inputs, [output])
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self.nodes.append(node)
        return output

    def rows(self, name: str, table: npt.NDArray[np.float32], ids: str) -> str:
        """Look rows of a table up; in int8 each row has its own scale."""
        if not self.int8:
            return self.add("Gather", [self.constant(f"{name}.table", table), ids], name)
        scale = _steps(table, axis=1)
        rounded = np.rint(table / scale).astype(np.int8)
        row = self.add("Gather", [self.constant(f"{name}.table", rounded), ids], f"{name}.byte")
        row = self.add("Cast", [row], f"{name}.whole", to=TensorProto.FLOAT)
        scales = self.constant(f"{name}.scales", scale)
        return self.add("Mul", [row, self.add("Gather", [scales, ids], f"{name}.scale")], name)

    def dense(self, name: str, inputs: str, layer: Dense) -> str:
        """Multiply by a dense layer's kernel and add its bias."""
        kernel = self.constant(f"{name}.kernel", layer.kernel)
        if self.int8:
            scale = _steps(layer.kernel, axis=0)
            self.constant(f"{name}.kernel", np.rint(layer.kernel / scale).astype(np.int8))
            kernel = self.add("Cast", [kernel], f"{name}.kernel.whole", to=TensorProto.FLOAT)
            scales = self.constant(f"{name}.scales", scale)
            kernel = self.add("Mul", [kernel, scales], f"{name}.kernel.number")
        product = self.add("MatMul", [inputs, kernel], f"{name}.x")
        return self.add("Add", [product, self.constant(f"{name}.bias", layer.bias)], name)

    def norm(self, name: str, inputs: str, layer: Norm, epsilon: float) -> str:
        """Layer normalisation over the last axis."""
        scale = self.constant(f"{name}.scale", layer.scale)
        offset = self.constant(f"{name}.offset", layer.offset)
        return self.add("LayerNormalization", [inputs, scale, offset], name, axis=-1, epsilon=epsilon)

    def gelu(self, name: str, inputs: str) -> str:
        """x · Φ(x), exactly (Hendrycks and Gimpel 2016); the runtime fuses these nodes."""
        erf = self.add(
            "Erf",
            [self.add("Div", [inputs, self.constant("root2", np.float32(2**0.5))], f"{name}.x")],
            f"{name}.erf",
        )
        share = self.add("Add", [erf, self.constant("one", np.float32(1))], f"{name}.share")
        both = self.add("Mul", [inputs, share], f"{name}.both")
        return self.add("Mul", [both, self.constant("half", np.float32(0.5))], name)

    def model(self, name: str) -> ModelProto:
        """Return the finished model: `ids` and `mask` in, `probability` out."""
        sizes = ["batch", "length"]
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(each, TensorProto.INT64, sizes) for each in (IDS, MASK)],
            [helper.make_tensor_value_info(PROBABILITY, TensorProto.FLOAT, ["batch"])],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        checker.check_model(model)
        return model


def encode(graph: Graph, weights: EncoderWeights) -> str:
    """Add the encoder to a graph of `ids` and `mask` (1 for a token, 0 for padding, at the right).

    Returns
    -------
    str
        The mean of the last layer over each text's tokens, shape (batch, width). The last layer itself is
        called `hidden`, shape (batch, length, width).
    """
    g = graph
    zero, one = g.constant("axis_0", np.array([0])), g.constant("axis_1", np.array([1]))
    length = g.add("Shape", [IDS], "length", start=1, end=2)
    positions = g.add("Slice", [g.constant("positions", weights.positions), zero, length, zero], "position")
    x = g.add("Add", [g.rows("token", weights.tokens, IDS), positions], "embedded")
    x = g.norm("embedded.norm", x, weights.norm, weights.epsilon)

    mask = g.add("Cast", [MASK], "mask.number", to=TensorProto.FLOAT)
    present = g.add("Unsqueeze", [mask, g.constant("axis_2", np.array([2]))], "present")
    absent = g.add("Sub", [g.constant("one", np.float32(1)), mask], "absent")
    masked = g.add("Mul", [absent, g.constant("masked", np.float32(_MASKED))], "masked.row")
    masked = g.add("Unsqueeze", [masked, g.constant("axes_1_2", np.array([1, 2]))], "masked.rows")

    for number, layer in enumerate(weights.layers):
        x = _layer(g, f"layer.{number}", x, masked, layer, weights)
    g.add("Identity", [x], "hidden")
    total = g.add("ReduceSum", [g.add("Mul", ["hidden", present], "counted"), one], "total", keepdims=0)
    tokens = g.add("ReduceSum", [present, one], "tokens", keepdims=0)
    return g.add("Div", [total, g.add("Max", [tokens, "one"], "tokens.at_least_1")], "mean")


def classify(graph: Graph, features: str, head: Dense) -> ModelProto:
    """Add one dense unit and the sigmoid, and return the finished model.

    Parameters
    ----------
    features
        Shape (batch, n).
    head
        Kernel of shape (n, 1).
    """
    kernel, bias = graph.constant("head.kernel", head.kernel), graph.constant("head.bias", head.bias)
    score = graph.add("Gemm", [features, kernel, bias], "score")
    row = graph.add("Squeeze", [score, graph.constant("axis_1", np.array([1]))], "score.row")
    graph.add("Sigmoid", [row], PROBABILITY)
    return graph.model("encoder_and_head")


def encoder_model(weights: EncoderWeights, head: Dense, *, int8: bool = False) -> ModelProto:
    """Return the model that encodes, takes the mean over tokens, and asks one dense unit.

    Parameters
    ----------
    head
        Kernel of shape (width, 1).
    int8
        Whether weights are stored in a byte each: a quarter of the size.
    """
    graph = Graph(int8)
    return classify(graph, encode(graph, weights), head)


def _layer(g: Graph, name: str, x: str, masked: str, layer: Layer, weights: EncoderWeights) -> str:
    width, heads = weights.width, weights.heads
    apart = g.constant("apart", np.array([0, 0, heads, width // heads]))
    together = g.constant("together", np.array([0, 0, width]))

    def heads_of(part: str, dense: Dense, order: Sequence[int]) -> str:
        rows = g.dense(f"{name}.{part}", x, dense)
        rows = g.add("Reshape", [rows, apart], f"{name}.{part}.heads")
        return g.add("Transpose", [rows], f"{name}.{part}.turned", perm=order)

    # Scaled before it is multiplied: fewer numbers.
    scale = np.float32((width // heads) ** -0.5)
    scaled = Dense(layer.query.kernel * scale, layer.query.bias * scale)
    query = heads_of("query", scaled, [0, 2, 1, 3])
    key = heads_of("key", layer.key, [0, 2, 3, 1])
    value = heads_of("value", layer.value, [0, 2, 1, 3])
    scores = g.add("MatMul", [query, key], f"{name}.scores")
    scores = g.add("Add", [scores, masked], f"{name}.scores.masked")
    attention = g.add("Softmax", [scores], f"{name}.attention", axis=-1)
    read = g.add("MatMul", [attention, value], f"{name}.read")
    read = g.add("Transpose", [read], f"{name}.read.turned", perm=[0, 2, 1, 3])
    read = g.add("Reshape", [read, together], f"{name}.read.joined")
    read = g.dense(f"{name}.attended", read, layer.attended)
    x = g.add("Add", [x, read], f"{name}.attended.sum")
    x = g.norm(f"{name}.attended.norm", x, layer.attended_norm, weights.epsilon)
    wide = g.gelu(f"{name}.gelu", g.dense(f"{name}.widen", x, layer.widen))
    narrow = g.dense(f"{name}.narrow", wide, layer.narrow)
    return g.norm(f"{name}.norm", g.add("Add", [x, narrow], f"{name}.sum"), layer.norm, weights.epsilon)


def _steps(table: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.float32]:
    """What one step of a byte is worth in each row or column, so that its largest number fits."""
    largest = np.abs(table).max(axis=axis, keepdims=True)
    steps: npt.NDArray[np.float32] = np.maximum(largest / _STEPS, np.finfo(np.float32).tiny)
    return steps
