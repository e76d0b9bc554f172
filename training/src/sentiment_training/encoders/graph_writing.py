"""Writes ONNX graphs node by node: names are made, constants are kept once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

OPSET = 17  # of 2021, the first with LayerNormalization: whatever runtime an old server has, it knows it
IR_VERSION = 8  # goes with the opset

LAST = np.iinfo(np.int64).max
"""Slice's word for "to the end"."""


@dataclass
class GraphWriter:
    """Collects the nodes and constants of a graph. A tensor is known by its name."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def node(self, operator: str, *inputs: str, **attributes: int | float | Sequence[int]) -> str:
        """Add a node of one output; return the output's name."""
        (output,) = self.split(operator, *inputs, outputs=1, **attributes)
        return output

    def split(
        self, operator: str, *inputs: str, outputs: int, **attributes: int | float | Sequence[int]
    ) -> list[str]:
        """Add a node of several outputs; return their names."""
        number = len(self.nodes)
        names = [f"{operator}_{number}_{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **dict[str, Any](attributes)))
        return names

    def constant(self, name: str, value: ArrayLike) -> str:
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

    def scalar(self, value: float) -> str:
        """Return a float32 number."""
        name = f"scalar_{value!r}"
        self.constants[name] = np.array(value, np.float32)
        return name

    def dense(self, value: str, name: str, weight: ArrayLike, bias: ArrayLike) -> str:
        """Multiply by a matrix of shape (in, out) and add a bias."""
        product = self.node("MatMul", value, self.constant(f"{name}.weight", weight))
        return self.node("Add", product, self.constant(f"{name}.bias", bias))

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
        shown = [helper.make_node("Identity", [tensor], [output]) for output, (tensor, _) in outputs.items()]
        graph = helper.make_graph(
            [*self.nodes, *shown],
            name,
            [helper.make_tensor_value_info(each, TensorProto.INT64, ["batch", "length"]) for each in inputs],
            [
                helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
                for output, (_, shape) in outputs.items()
            ],
            [numpy_helper.from_array(value, each) for each, value in self.constants.items()],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        checker.check_model(model, full_check=True)
        return model
