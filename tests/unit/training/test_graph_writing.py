"""Quantised dense layers multiply whole numbers, to what single precision would give."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from onnx import TensorProto

from sentiment_training.graph_writing import IDS, GraphWriter, in_bytes

INPUTS = 24


def a_product(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """What a quantised dense layer without a bias gives."""
    graph = GraphWriter()
    answer = graph.dense(
        graph.constant("x", rows), "layer", matrix, np.zeros(matrix.shape[1], np.float32), quantised=True
    )
    return value_of(graph, answer)


def factors_of(rows: np.ndarray) -> np.ndarray:
    """The bytes that a dense layer's matrix is multiplied with."""
    graph, matrix = GraphWriter(), np.ones((INPUTS, 1), np.float32)
    graph.dense(graph.constant("x", rows), "layer", matrix, np.zeros(1, np.float32), quantised=True)
    product = next(each for each in graph.nodes if each.op_type == "MatMulInteger")
    return value_of(graph, graph.node("Cast", product.input[0], to=TensorProto.FLOAT)).astype(np.int64)


def value_of(graph: GraphWriter, tensor: str) -> np.ndarray:
    model = graph.model("a graph", [IDS], {"value": (tensor, ["a", "b", "c"])})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (result,) = session.run(["value"], {IDS: np.zeros((1, 1), np.int64)})
    return result


def some_rows(shape: tuple[int, ...] = (2, 3, INPUTS)) -> st.SearchStrategy[np.ndarray]:
    numbers = st.floats(-1e6, 1e6, width=32).map(lambda each: each if abs(each) > 1e-6 else 0.0)
    return arrays.arrays(np.float32, shape, elements=numbers)


@given(some_rows(), some_rows((INPUTS, 5)))
@settings(max_examples=60)
def test_a_product_is_what_the_kept_bytes_give(rows: np.ndarray, matrix: np.ndarray) -> None:
    kept, steps = in_bytes(matrix, axis=0)
    whole = kept.astype(np.float64) * steps
    # Each number is off by half a step at most, and 8,127 steps are its row's largest.
    off = 0.51 * np.abs(rows).max(-1, keepdims=True) / 8_127 * np.abs(whole).sum(0)
    exact = rows.astype(np.float64) @ whole
    slack = 1e-5 * (np.abs(rows).astype(np.float64) @ np.abs(whole)) + 1e-30
    assert (np.abs(a_product(rows, matrix) - exact) <= off + slack).all()


@given(some_rows())
@settings(max_examples=40)
def test_two_neighbouring_products_always_fit_into_16_bits(rows: np.ndarray) -> None:
    """Where processors have no instruction for it, larger sums would be cut off, and answers wrong."""
    matrix = np.full((INPUTS, 1), -1.0, np.float32)
    factors = factors_of(rows)
    kept, _ = in_bytes(matrix, axis=0)
    assert factors.shape == (2 * rows.shape[0], *rows.shape[1:])
    assert 2 * factors.max() * int(np.abs(kept).max()) < 2**15


def test_a_row_does_not_depend_on_the_others() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(0, 1, (4, 3, INPUTS)).astype(np.float32)
    rows[2] *= 1e4
    matrix = random.normal(0, 1, (INPUTS, 7)).astype(np.float32)
    together = a_product(rows, matrix)
    for number in range(len(rows)):
        np.testing.assert_array_equal(a_product(rows[number : number + 1], matrix)[0], together[number])


@pytest.mark.parametrize("value", [0.0, 1e-30, -1e30, 3.0])
def test_rows_of_one_number_keep_it(value: float) -> None:
    rows = np.full((1, 1, INPUTS), value, np.float32)
    matrix = np.full((INPUTS, 1), 1 / INPUTS, np.float32)
    np.testing.assert_allclose(a_product(rows, matrix).ravel(), [np.float32(value)], rtol=1e-5, atol=1e-30)


def test_a_value_is_rounded_once_however_often_it_is_multiplied() -> None:
    graph, matrix = GraphWriter(), np.ones((INPUTS, 1), np.float32)
    assert graph.tolerance == 1e-4
    for name in ("query", "key", "value"):
        graph.dense("x", name, matrix, np.zeros(1), quantised=True)
    assert [each.op_type for each in graph.nodes].count("Floor") == 2
    assert graph.tolerance == 5e-3
