"""Look into `model.onnx` before any runtime does: refuse what is not arithmetic on its own weights.

ONNX Runtime reads external data from other files, runs custom operators and takes a tensor's declared
size at its word. A bundle comes from outside, so its graph is checked first, with a reader of protobuf's
wire format that is small enough to be read (the `onnx` package is not part of the serving environment).

Source of the field numbers: `onnx.proto3` of ONNX 1.23 (IR version 13).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from sentiment.errors import UnsafeGraphError

# Every operator that a family's export needs. No control flow (Loop, Scan, If: a graph must end), nothing
# random, nothing that reads strings or optional values.
STANDARD_OPERATORS = frozenset(
    """
    Abs Add And ArgMax AveragePool BatchNormalization Cast CastLike Clip Concat Constant ConstantOfShape
    Conv CumSum DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Equal Erf Exp Expand Flatten
    Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater
    GreaterOrEqual HardSigmoid Identity LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax
    MatMul MatMulInteger Max MaxPool Min Mod Mul Neg Not Or Pad Pow QuantizeLinear Range Reciprocal
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape ReverseSequence
    ScatterElements ScatterND Shape Sigmoid Sign Slice Softmax Softplus Split Sqrt Squeeze Sub Sum Tanh
    Tile TopK Transpose Trilu Unsqueeze Where Xor
    """.split()  # noqa: SIM905 - ninety quoted names read worse
)
# Of ONNX Runtime's own: the quantised forms that its quantiser writes, and fused attention.
MICROSOFT_OPERATORS = frozenset(
    """
    Attention BiasGelu DynamicQuantizeLSTM DynamicQuantizeMatMul EmbedLayerNormalization FastGelu FusedMatMul
    Gelu MatMulIntegerToFloat MatMulNBits QAttention QEmbedLayerNormalization SkipLayerNormalization
    """.split()  # noqa: SIM905
)
_ALLOWED = {
    "": STANDARD_OPERATORS,
    "ai.onnx": STANDARD_OPERATORS,
    "com.microsoft": MICROSOFT_OPERATORS,
}

# Field numbers.
_MODEL_GRAPH, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 20, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS = 5, 10
_ATTRIBUTE_FORBIDDEN = {6: "a subgraph", 11: "subgraphs", 22: "a sparse tensor", 23: "sparse tensors"}
_TENSOR_DIMS, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 1, 13, 14

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10  # bytes, for 64 bits
# Four-bit types pack two values into a byte; no type packs more.
_VALUES_PER_BYTE = 2


class _Field(NamedTuple):
    number: int
    wire: int
    integer: int
    content: memoryview


def check_graph(model: bytes) -> None:
    """Refuse a graph that could do anything but compute on its inputs and its own weights.

    Raises
    ------
    UnsafeGraphError
        If it names an operator that no family needs, a local function, a subgraph, data in another file,
        a tensor that declares more values than it holds, or if it is no ONNX file.
    """
    graphs = 0
    for field in _fields(memoryview(model)):
        if field.number in (_MODEL_FUNCTIONS, _MODEL_TRAINING):
            raise UnsafeGraphError("model.onnx carries functions or training graphs; export it without")
        if field.number == _MODEL_GRAPH:
            graphs += 1
            _check_nodes(field.content)
    if graphs == 0:
        raise UnsafeGraphError("model.onnx holds no graph; it is no ONNX model")


def _check_nodes(graph: memoryview) -> None:
    for field in _fields(graph):
        if field.number == _GRAPH_NODE:
            _check_node(field.content)
        elif field.number == _GRAPH_INITIALIZER:
            _check_tensor(field.content)
        elif field.number == _GRAPH_SPARSE:
            raise UnsafeGraphError("model.onnx holds sparse weights; export them dense")


def _check_node(node: memoryview) -> None:
    # A field may occur twice on the wire (the last one counts), so every occurrence must be allowed.
    operators, domains = [], []
    for field in _fields(node):
        if field.number == _NODE_OPERATOR:
            operators.append(bytes(field.content).decode("utf-8", "replace"))
        elif field.number == _NODE_DOMAIN:
            domains.append(bytes(field.content).decode("utf-8", "replace"))
        elif field.number == _NODE_ATTRIBUTE:
            _check_attribute(field.content)
    for domain in domains or [""]:
        for operator in operators or [""]:
            if operator not in _ALLOWED.get(domain, frozenset()):
                name = f"{domain}.{operator}" if domain else operator
                raise UnsafeGraphError(f"model.onnx uses the operator {name!r:.100}, which no family needs")


def _check_attribute(attribute: memoryview) -> None:
    tensors = 0
    for field in _fields(attribute):
        if field.number in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
            _check_tensor(field.content)
            tensors += field.number == _ATTRIBUTE_TENSOR
        elif field.number in _ATTRIBUTE_FORBIDDEN:
            raise UnsafeGraphError(f"model.onnx holds {_ATTRIBUTE_FORBIDDEN[field.number]} in an attribute")
    if tensors > 1:
        # On the wire two messages in one place become one, of both shapes.
        raise UnsafeGraphError("model.onnx holds two tensors in the place of one")


def _check_tensor(tensor: memoryview) -> None:
    dims: list[int] = []
    for field in _fields(tensor):
        if field.number == _TENSOR_EXTERNAL or (field.number == _TENSOR_LOCATION and field.integer != 0):
            raise UnsafeGraphError("model.onnx keeps weights in another file; a bundle is self-contained")
        if field.number == _TENSOR_DIMS and field.wire in (_VARINT, _BYTES):
            # Packed (proto3's default) or one by one.
            dims += _varints(field.content) if field.wire == _BYTES else [field.integer]
    # A negative dimension is a huge one on the wire.
    if math.prod(dims) > _VALUES_PER_BYTE * len(tensor):
        raise UnsafeGraphError(f"model.onnx: a tensor declares the shape {dims[:8]} and holds fewer values")


def _fields(message: memoryview) -> Iterator[_Field]:
    empty = message[:0]
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, position = _varint(message, position)
            yield _Field(number, wire, value, empty)
            continue
        if wire == _BYTES:
            length, position = _varint(message, position)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise UnsafeGraphError("model.onnx is no ONNX model: it uses a wire type that ONNX does not")
        if length > len(message) - position:
            raise UnsafeGraphError("model.onnx is cut off or no ONNX model")
        yield _Field(number, wire, 0, message[position : position + length])
        position += length


def _varints(packed: memoryview) -> Iterator[int]:
    position = 0
    while position < len(packed):
        value, position = _varint(packed, position)
        yield value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for index in range(_LONGEST_VARINT):
        if position + index >= len(message):
            break
        byte = message[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the wire format's own continuation bit
            return value, position + index + 1
    raise UnsafeGraphError("model.onnx is cut off or no ONNX model")
