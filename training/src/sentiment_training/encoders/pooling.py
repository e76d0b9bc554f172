"""One vector a text: of its tokens' vectors, and of length one."""

from onnx import TensorProto

from sentiment_training.graph_writing import MASK, GraphWriter


def mean_of_tokens(graph: GraphWriter, states: str) -> str:
    """Return the mean over each text's tokens, (batch, width), of `states`, (batch, length, width)."""
    mask = graph.node("Unsqueeze", graph.node("Cast", MASK, to=TensorProto.FLOAT), graph.integers(-1))
    count = graph.node("ReduceSum", mask, graph.integers(1), keepdims=0)
    total = graph.node("ReduceSum", graph.node("Mul", states, mask), graph.integers(1), keepdims=0)
    return graph.node("Div", total, graph.node("Max", count, graph.scalar(1.0)))


def unit_length(graph: GraphWriter, value: str, epsilon: float) -> str:
    """Divide each row by its length, which counts as √epsilon at least."""
    squared = graph.node("ReduceSumSquare", value, axes=[-1], keepdims=1)
    length = graph.node("Sqrt", graph.node("Max", squared, graph.scalar(epsilon)))
    return graph.node("Div", value, length)
