"""The graph of the linear families: sums the weights of what a text holds."""

import numpy as np
from onnx import NodeProto, TensorProto, helper

from sentiment_training.families.classic.expert import Expert
from sentiment_training.families.classic.features import MARK_UNIT
from sentiment_training.families.classic.preparation import Preparation
from sentiment_training.families.family import FloatArray
from sentiment_training.graph_writing import IDS, PROBABILITY, Constants, GraphWriter


def linear_graph(
    preparation: Preparation,
    weights: FloatArray,
    slope: float,
    intercept: float,
    expert: Expert | None = None,
) -> bytes:
    """Build probability = sigmoid(log-odds)."""
    nodes, constants, log_odds = log_odds_nodes(preparation, weights, slope, intercept, expert)
    nodes.append(helper.make_node("Sigmoid", [log_odds], [PROBABILITY]))
    return GraphWriter(nodes, {**constants}).served("linear", PROBABILITY, [IDS])


def log_odds_nodes(
    preparation: Preparation,
    weights: FloatArray,
    slope: float,
    intercept: float,
    expert: Expert | None = None,
) -> tuple[list[NodeProto], Constants, str]:
    """Build log-odds = slope · score + intercept, from `ids`.

    Counts need no more than the sum, each occurrence adding its weight. TF-IDF counts an n-gram once: sorting
    a row brings equal ones together. Then score = Σ idf·w / √Σ idf² + marks·v + Σ spelling / √words.
    An expert changes the log-odds of texts of its kind.

    Returns
    -------
    tuple
        The nodes, their constants, and the tensor of the log-odds, shape (batch,).
    """
    vocabulary, weighting = preparation.features.vocabulary, preparation.features.weighting
    k = len(vocabulary.used)
    worth = preparation.units * weights
    of_columns = np.zeros(vocabulary.ngrams.columns, np.float16)
    of_columns[vocabulary.used] = worth[:k]
    node = helper.make_node
    nodes: list[NodeProto] = []
    constants: dict[str, np.ndarray] = {
        "sum_axis": np.array([1]),
        "weights": of_columns,
        "slope": np.array(slope, np.float32),
        "intercept": np.array(intercept, np.float32),
    }
    ids = "ids"
    if vocabulary.marks is not None:
        ids = "plain_ids"
        counting, tables = vocabulary.marks.graph("ids", ids, "mark_counts")
        nodes += counting
        constants |= tables
    lookup, tables = vocabulary.ngrams.graph(ids, "columns")
    nodes += lookup
    constants |= tables
    if weighting.idf_steps is None:
        summing, tables = _sum_of_counts("columns", "score")
    else:
        steps = np.zeros(vocabulary.ngrams.columns, np.uint8)
        steps[vocabulary.used] = weighting.idf_steps
        summing, tables = _sum_of_tfidf("columns", "score", steps)
    nodes += summing
    constants |= tables
    score = "score"
    if vocabulary.marks is not None:
        nodes += [
            node("Add", ["mark_counts", "mark_shift"], ["marks_shifted"]),
            node("Log", ["marks_shifted"], ["marks_as_features"]),
            node("MatMul", ["marks_as_features", "mark_weights"], ["mark_score"]),
            node("Add", [score, "mark_score"], ["score_with_marks"]),
        ]
        constants |= {
            "mark_shift": np.array(1, np.float32),
            "mark_weights": worth[k : k + vocabulary.mark_columns].astype(np.float32) * MARK_UNIT,
        }
        score = "score_with_marks"
    if preparation.spelling is not None:
        adding, tables = preparation.spelling.graph(
            ids, "spelling_score", vocabulary, worth[k + vocabulary.mark_columns :]
        )
        nodes += [*adding, node("Add", [score, "spelling_score"], ["score_with_spelling"])]
        constants |= tables
        score = "score_with_spelling"
    nodes += [
        node("Mul", [score, "slope"], ["calibrated"]),
        node("Add", ["calibrated", "intercept"], ["log_odds"]),
    ]
    log_odds = "log_odds"
    if expert is not None:
        mixing, tables = expert.graph(ids, log_odds, "mixed_log_odds", vocabulary)
        nodes += mixing
        constants |= tables
        log_odds = "mixed_log_odds"
    return nodes, constants, log_odds


def _sum_of_counts(columns: str, score: str) -> tuple[list[NodeProto], Constants]:
    node = helper.make_node
    return [
        node("Gather", ["weights", columns], ["half_weight"]),
        node("Cast", ["half_weight"], ["weight"], to=TensorProto.FLOAT),
        node("ReduceSum", ["weight", "sum_axis"], [score], keepdims=0),
    ], {}


def _sum_of_tfidf(columns: str, score: str, steps: np.ndarray) -> tuple[list[NodeProto], Constants]:
    node = helper.make_node
    nodes = [
        node("Shape", [columns], ["count"], start=1),
        node("TopK", [columns, "count"], ["sorted", "places"], axis=1),
        node("Slice", ["sorted", "from_0", "to_last", "sum_axis"], ["left"]),
        node("Slice", ["sorted", "from_1", "to_end", "sum_axis"], ["right"]),
        node("Equal", ["left", "right"], ["again"]),
        node("Where", ["again", "no_column", "right"], ["others"]),
        node("Slice", ["sorted", "from_0", "from_1", "sum_axis"], ["first"]),
        node("Concat", ["first", "others"], ["unique"], axis=1),
        *_sum_of_counts("unique", "sum")[0],
        node("Gather", ["idf_steps", "unique"], ["idf_byte"]),
        node("Cast", ["idf_byte"], ["idf"], to=TensorProto.FLOAT),
        node("ReduceSumSquare", ["idf"], ["squared_length"], axes=[1], keepdims=0),
        node("Sqrt", ["squared_length"], ["length"]),
        # A text of unknown words only has length 0 and sum 0: its answer is the intercept alone.
        node("Max", ["length", "tiny"], ["divisor"]),
        node("Div", ["sum", "divisor"], [score]),
    ]
    return nodes, {
        "from_0": np.array([0]),
        "from_1": np.array([1]),
        "to_last": np.array([-1]),
        "to_end": np.array([np.iinfo(np.int64).max]),
        "no_column": np.array(0),
        "tiny": np.array(1e-9, np.float32),
        "idf_steps": steps,
    }
