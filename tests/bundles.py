"""Builders of small, real bundles: a word list with a weight each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from sentiment import Bundle, Cleaning, Provenance, splitter, write_bundle

# Enough words that a test can say what it means.
WEIGHTS = {"good": 2.0, "great": 3.0, "thanks": 1.5, "bad": -2.0, "late": -1.5, "awful": -3.0}
GOLDEN = ("a good flight", "an awful delay", "")


def a_tokenizer(words: Sequence[str] = tuple(WEIGHTS), max_length: int = 64) -> Tokenizer:
    """Cut texts as the real families do; id 0 is padding, id 1 is any other word."""
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {word: index + 2 for index, word in enumerate(words)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = Cleaning().normalizer()
    tokenizer.pre_tokenizer = splitter()
    tokenizer.enable_truncation(max_length)
    tokenizer.enable_padding(pad_id=0)
    return tokenizer


def a_graph(
    weights: Sequence[float] = tuple(WEIGHTS.values()),
    bias: float = 0.0,
    extra_nodes: Sequence[NodeProto] = (),
) -> ModelProto:
    """Sum the weights of a text's words and squash. Extra nodes run beside it."""
    table = np.array([0.0, 0.0, *weights], np.float32)
    node = helper.make_node
    graph = helper.make_graph(
        [
            node("Gather", ["weights", "ids"], ["each"]),
            node("ReduceSum", ["each", "axis"], ["sum"], keepdims=0),
            node("Add", ["sum", "bias"], ["score"]),
            node("Sigmoid", ["score"], ["probability"]),
            *extra_nodes,
        ],
        "words",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch"])],
        [
            numpy_helper.from_array(table, "weights"),
            numpy_helper.from_array(np.array([1]), "axis"),
            numpy_helper.from_array(np.float32(bias), "bias"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def a_bundle(
    folder: Path,
    weights: Mapping[str, float] | None = None,
    bias: float = 0.0,
    golden_texts: Sequence[str] = GOLDEN,
    run_id: str = "",
    languages: Sequence[str] = (),
) -> Bundle:
    """Write a bundle. Another bias makes another version that answers otherwise."""
    weights = WEIGHTS if weights is None else weights
    return write_bundle(
        folder,
        family="words",
        tokenizer=a_tokenizer(tuple(weights)),
        graph=a_graph(tuple(weights.values()), bias).SerializeToString(),
        golden_texts=golden_texts,
        provenance=Provenance(run_id=run_id, languages=tuple(languages)),
    )
