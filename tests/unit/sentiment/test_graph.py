"""A graph that asks for more than arithmetic on its own weights never reaches the runtime."""

import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper

from bundles import a_graph, a_tokenizer
from sentiment import write_bundle
from sentiment.errors import BundleError, GraphError, UnsafeGraphError
from sentiment.graph import check_graph


def external_weights(model: ModelProto) -> None:
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../../etc/passwd")


def external_data_without_its_flag(model: ModelProto) -> None:
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def external_weights_in_a_constant(model: ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32))
    tensor.data_location = TensorProto.EXTERNAL
    model.graph.node.append(helper.make_node("Constant", [], ["x"], value=tensor))


def a_loop(model: ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["x"], body=body))


def a_subgraph_in_an_allowed_operator(model: ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Add", ["sum", "bias"], ["x"], body=body))


def a_custom_operator(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Shell", ["sum"], ["x"], domain="evil.example"))


def an_allowed_name_in_another_domain(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Add", ["sum", "bias"], ["x"], domain="evil.example"))


def an_unknown_operator(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("RandomNormal", [], ["x"], shape=[2]))


def a_function(model: ModelProto) -> None:
    model.functions.append(helper.make_function("evil", "F", [], [], [], [helper.make_opsetid("", 17)]))


def a_tensor_that_claims_to_be_huge(model: ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [2**40]


def a_tensor_of_negative_size(model: ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [-1]


def sparse_weights(model: ModelProto) -> None:
    model.graph.sparse_initializer.add()


@pytest.mark.parametrize(
    "harm",
    [
        external_weights,
        external_data_without_its_flag,
        external_weights_in_a_constant,
        a_loop,
        a_subgraph_in_an_allowed_operator,
        a_custom_operator,
        an_allowed_name_in_another_domain,
        an_unknown_operator,
        a_function,
        a_tensor_that_claims_to_be_huge,
        a_tensor_of_negative_size,
        sparse_weights,
    ],
)
def test_a_hostile_graph_is_refused_before_the_runtime_sees_it(harm: Callable[[ModelProto], None]) -> None:
    model = a_graph()
    check_graph(model.SerializeToString())
    harm(model)
    with pytest.raises(UnsafeGraphError):
        check_graph(model.SerializeToString())


def test_a_field_that_occurs_twice_hides_nothing() -> None:
    # Two graphs in one file: a parser merges them, so each must be looked at.
    harmful = a_graph()
    an_unknown_operator(harmful)
    with pytest.raises(UnsafeGraphError, match="RandomNormal"):
        check_graph(a_graph().SerializeToString() + harmful.SerializeToString())


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def test_a_dimension_packed_into_nothing_hides_no_other() -> None:
    # Regression: the empty field counted as a dimension of 0, and any shape was as large as nothing.
    shape = _field(1, b"") + b"\x08\xff\xff\xff\x7f" + b"\x10\x01" + _field(9, b"\0" * 4)
    hostile = a_graph().SerializeToString() + _field(7, _field(5, shape))
    assert onnx.load_from_string(hostile).graph.initializer[-1].dims == [2**28 - 1]
    with pytest.raises(UnsafeGraphError, match="holds fewer values"):
        check_graph(hostile)


def test_two_tensors_in_the_place_of_one_are_refused() -> None:
    # Regression: each was small enough, and a parser makes one of both, of both shapes.
    half = _field(9, b"\0" * 8) + b"\x08\x10" + b"\x10\x01"
    attribute = _field(1, b"value") + _field(5, half) + _field(5, half) + b"\xa0\x01\x04"
    node = _field(2, b"w") + _field(4, b"Constant") + _field(5, attribute)
    hostile = a_graph().SerializeToString() + _field(7, _field(1, node))
    assert onnx.load_from_string(hostile).graph.node[-1].attribute[0].t.dims == [16, 16]
    with pytest.raises(UnsafeGraphError, match="two tensors in the place of one"):
        check_graph(hostile)


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_refusal(content: bytes) -> None:
    try:
        check_graph(content)
    except UnsafeGraphError:
        return
    # What passes holds a field 7, and nothing in it that is forbidden.
    assert content


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_graph_is_refused_or_harmless(position: int, value: int) -> None:
    content = bytearray(a_graph().SerializeToString())
    content[position % len(content)] = value
    try:
        check_graph(bytes(content))
    except UnsafeGraphError:
        return


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a model at all", b"\x80" * 40])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(UnsafeGraphError):
        check_graph(content)


def test_a_graph_that_asks_for_more_memory_than_there_may_be_fails_and_the_process_lives(
    tmp_path: Path,
) -> None:
    huge = [
        helper.make_node("Constant", [], ["shape"], value_ints=[2**33]),
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
        helper.make_node("ReduceMax", ["zeros"], ["top"], keepdims=0),
        helper.make_node("Add", ["score", "top"], ["shifted"]),
    ]
    model = a_graph(extra_nodes=huge)
    next(node for node in model.graph.node if node.op_type == "Sigmoid").input[0] = "shifted"
    with pytest.raises(GraphError):
        write_bundle(
            tmp_path / "bundle",
            family="words",
            tokenizer=a_tokenizer(),
            graph=model.SerializeToString(),
            golden_texts=["good"],
        )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 * 2**20  # KiB


def test_other_inputs_or_outputs_than_a_bundles_are_refused(tmp_path: Path) -> None:
    model = a_graph()
    model.graph.output[0].name = "score"
    with pytest.raises(BundleError, match=r"gives float32 probability"):
        write_bundle(
            tmp_path / "bundle",
            family="words",
            tokenizer=a_tokenizer(),
            graph=model.SerializeToString(),
            golden_texts=["good"],
        )
