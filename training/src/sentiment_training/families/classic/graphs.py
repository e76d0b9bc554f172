"""What the graphs of the classic families share: they are written node by node, and checked."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, checker, helper, numpy_helper

Constants = Mapping[str, npt.NDArray[np.generic]]

_OPSET = 17  # of 2021: whatever runtime an old server has, it knows it
_IR_VERSION = 8  # goes with the opset


def served_graph(name: str, nodes: Sequence[NodeProto], constants: Constants) -> bytes:
    """Make `model.onnx`: from `ids` to `probability`, as `docs/contracts.md` has it."""
    graph = helper.make_graph(
        list(nodes),
        name,
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
