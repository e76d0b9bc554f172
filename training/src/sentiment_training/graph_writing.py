"""Writes ONNX graphs node by node: names are made, constants are kept once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

IDS, MASK, PROBABILITY = "ids", "mask", "probability"
"""What a bundle's graph takes and gives, as `docs/contracts.md` has it."""

_OPSET = 17  # of 2021, the first with LayerNormalization: whatever runtime an old server has, it knows it
_IR_VERSION = 8  # goes with the opset

LAST = np.iinfo(np.int64).max
"""Slice's word for "to the end"."""

_STEPS = 127  # of a byte, on either side of 0
# What a matrix in bytes is multiplied with: 128 · (upper - 64) + (lower - 64), each in a byte of which seven
# bits are used. Processors without VNNI or the like add the products of two neighbours in 16 bits, and cut
# off what is larger: 2 · 127 · 127 is not.
_BASE, _ZERO = 128.0, 64
_WORD_ZERO = _BASE * _ZERO + _ZERO
_LARGEST = _BASE * _BASE - 1 - _WORD_ZERO
_LEAST = 1e-30  # a row of zeros has no scale

_EXACT = 1e-4
# Processors add in another order; what lies between two whole numbers is then rounded the other way once in a
# while, and the difference grows from layer to layer: to 6e-4 at most in 1,500 tweets (docs/figures.md).
_ROUNDED = 5e-3

Constants = Mapping[str, npt.NDArray[np.generic]]
Attribute = int | float | str | Sequence[int]


@dataclass
class GraphWriter:
    """Collects the nodes and constants of a graph. A tensor is known by its name."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, npt.NDArray[np.generic]] = field(default_factory=dict)
    _in_halves: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def tolerance(self) -> float:
        """How far its answers may be apart, in probability, where a processor adds in another order.

        That is from one processor to another, and on some from one text to several.
        """
        return _ROUNDED if self._in_halves else _EXACT

    def node(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Add a node of one output; return the output's name."""
        (output,) = self.split(operator, *inputs, outputs=1, **attributes)
        return output

    def split(self, operator: str, *inputs: str, outputs: int, **attributes: Attribute) -> list[str]:
        """Add a node of several outputs; return their names."""
        number = len(self.nodes)
        names = [f"{operator}_{number}_{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **dict[str, Any](attributes)))
        return names

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        """Keep a weight under its name; return the name."""
        if name in self.constants:
            raise ValueError(f"there is a constant {name!r} already")
        self.constants[name] = np.ascontiguousarray(value).reshape(np.shape(value))
        return name

    def integers(self, *values: int) -> str:
        """Return a vector of whole numbers, such as axes."""
        name = "integers_" + "_".join(map(str, values))
        self.constants[name] = np.array(values, np.int64)
        return name

    def integer(self, value: int) -> str:
        """Return a whole number."""
        name = f"integer_{value}"
        self.constants[name] = np.array(value, np.int64)
        return name

    def scalar(self, value: float) -> str:
        """Return a float32 number."""
        name = f"scalar_{value!r}"
        self.constants[name] = np.array(value, np.float32)
        return name

    def rows(self, name: str, table: npt.NDArray[np.float32], ids: str, *, quantised: bool = False) -> str:
        """Look rows of a table up; quantised, each is kept in bytes with a scale of its own."""
        if not quantised:
            return self.node("Gather", self.constant(f"{name}.table", table), ids)
        rounded, steps = in_bytes(table, axis=1)
        looked_up = self.node("Gather", self.constant(f"{name}.table", rounded), ids)
        scale = self.node("Gather", self.constant(f"{name}.steps", steps), ids)
        return self.node("Mul", self.node("Cast", looked_up, to=TensorProto.FLOAT), scale)

    def dense(
        self, value: str, name: str, weight: npt.ArrayLike, bias: npt.ArrayLike, *, quantised: bool = False
    ) -> str:
        """Multiply by a matrix of shape (in, out) and add a bias.

        Quantised, each column is kept in bytes with a scale of its own: a quarter of the file. What it is
        multiplied with is rounded to 14 bits, with a scale for each row: the product is one of whole numbers,
        exact on every processor, and a row's does not depend on which others there are.
        """
        if quantised:
            rounded, steps = in_bytes(np.asarray(weight, np.float32), axis=0)
            whole, step = self._halves(value)
            kept = self.constant(f"{name}.weight", rounded)
            products = self.node("MatMulInteger", whole, kept, self._byte(_ZERO))
            products = self.node("Cast", products, to=TensorProto.FLOAT)
            high, low = self.split("Split", products, outputs=2, axis=0)
            product = self.node("Add", self.node("Mul", high, self.scalar(_BASE)), low)
            scale = self.constant(f"{name}.steps", steps)
            product = self.node("Mul", self.node("Mul", product, step), scale)
        else:
            product = self.node("MatMul", value, self.constant(f"{name}.weight", weight))
        return self.node("Add", product, self.constant(f"{name}.bias", bias))

    def _halves(self, value: str) -> tuple[str, str]:
        """Round each row to whole numbers of 14 bits, of which 8,127 are the row's largest number.

        Returns
        -------
        tuple
            The upper halves before the lower ones, on the first axis; and the size of a step.
        """
        if value not in self._in_halves:  # attention takes the same value three times
            largest = self.node("ReduceMax", self.node("Abs", value), axes=[-1], keepdims=1)
            largest = self.node("Max", largest, self.scalar(_LEAST))
            many = self.scalar(_LARGEST)
            steps = self.node("Mul", value, self.node("Div", many, largest))
            whole = self.node("Floor", self.node("Add", steps, self.scalar(_WORD_ZERO + 0.5)))
            high = self.node("Floor", self.node("Mul", whole, self.scalar(1 / _BASE)))
            low = self.node("Sub", whole, self.node("Mul", high, self.scalar(_BASE)))
            halves = [self.node("Cast", each, to=TensorProto.UINT8) for each in (high, low)]
            both = self.node("Concat", *halves, axis=0)
            self._in_halves[value] = both, self.node("Div", largest, many)
        return self._in_halves[value]

    def _byte(self, value: int) -> str:
        name = f"byte_{value}"
        self.constants[name] = np.array(value, np.uint8)
        return name

    def norm(self, value: str, name: str, scale: npt.ArrayLike, offset: npt.ArrayLike, epsilon: float) -> str:
        """Layer normalisation over the last axis; `epsilon` is added to the variance."""
        kept = self.constant(f"{name}.scale", scale), self.constant(f"{name}.offset", offset)
        return self.node("LayerNormalization", value, *kept, axis=-1, epsilon=epsilon)

    def gelu(self, value: str) -> str:
        """x · Φ(x), exactly (Hendrycks and Gimpel 2016); the runtime fuses these nodes."""
        error = self.node("Erf", self.node("Div", value, self.scalar(2**0.5)))
        both = self.node("Mul", value, self.node("Add", error, self.scalar(1.0)))
        return self.node("Mul", both, self.scalar(0.5))

    def served(self, name: str, probability: str, inputs: Sequence[str] = (IDS, MASK)) -> bytes:
        """Close the graph as a bundle has it: `inputs` to the tensor of one probability a text."""
        closed = self.model(name, inputs, {PROBABILITY: (probability, ["batch"])})
        return bytes(closed.SerializeToString())

    def model(
        self, name: str, inputs: Sequence[str], outputs: dict[str, tuple[str, Sequence[str | int]]]
    ) -> ModelProto:
        """Close the graph.

        Parameters
        ----------
        inputs
            Names of int64 matrices (batch, length).
        outputs
            Name → the tensor that it shows, always float32, and its shape.
        """
        shown = [
            helper.make_node("Identity", [tensor], [output])
            for output, (tensor, _) in outputs.items()
            if tensor != output
        ]
        graph = helper.make_graph(
            [*self.nodes, *shown],
            name,
            [helper.make_tensor_value_info(each, TensorProto.INT64, ["batch", "length"]) for each in inputs],
            [
                helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
                for output, (_, shape) in outputs.items()
            ],
            [numpy_helper.from_array(np.asarray(value), each) for each, value in self.constants.items()],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        checker.check_model(model, full_check=True)
        return model


def in_bytes(
    table: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return a matrix in whole steps, and the steps: 127 of them are the largest number along the axis."""
    largest = np.abs(table).max(axis=axis, keepdims=True)
    steps = np.maximum(largest / _STEPS, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(table / steps).astype(np.int8), steps
