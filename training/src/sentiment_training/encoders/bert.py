"""BERT-like encoders as hubs keep them: `config.json`, `model.safetensors`, `tokenizer.json`.

Devlin et al. 2019. The sentence's vector is the mean of the tokens' vectors, cut to unit length, as the
sentence-transformers (Reimers and Gurevych 2019) pool it. Matrices are kept in bytes with one scale a column
(each column's largest weight is 127 steps) and multiplied out when the graph is loaded: a quarter of the
file, and answers that do not depend on what else is in the batch, as quantised activations would.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto

from sentiment import tokenizer_from_json
from sentiment_training.encoders.encoder import IDS, MASK, SentenceEncoder
from sentiment_training.encoders.graph_writing import GraphWriter
from sentiment_training.encoders.use import unit_length
from sentiment_training.errors import OptionError

_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_STEPS = 127
_UNIT_EPSILON = 1e-24  # the square of the 1e-12 that PyTorch's `normalize` takes
_FAR_BELOW = 1e9  # added to a score, it leaves nothing of a padding token's weight
_DTYPES = {"F32": "<f4", "F16": "<f2"}

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class _Config:
    layers: int
    heads: int
    width: int
    longest: int
    epsilon: float


def check_bert_folder(folder: Path) -> None:
    """See that the folder holds such an encoder.

    Raises
    ------
    OptionError
        If a file is missing, or `config.json` describes another architecture.
    """
    for name in _FILES:
        if not (folder / name).is_file():
            raise OptionError(
                f"{folder / name} is not there; encoder is use, minilm, or a folder that holds "
                f"{', '.join(_FILES)}"
            )
    _read_config(folder)


def open_bert(folder: Path, name: str) -> SentenceEncoder:
    """Read the folder.

    Raises
    ------
    OptionError
        If it does not hold what `check_bert_folder` looks for, or a weight is missing.
    """
    check_bert_folder(folder)
    config = _read_config(folder)
    digest = hashlib.sha256()
    for each in _FILES:
        digest.update((folder / each).read_bytes())
    tokenizer = tokenizer_from_json((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    graph = GraphWriter()
    try:
        sentence, states = _network(graph, _read_safetensors(folder / "model.safetensors"), config)
    except KeyError as fault:
        raise OptionError(f"{folder / 'model.safetensors'} holds no weight {fault}; it is no BERT") from fault
    return SentenceEncoder(
        name=name,
        digest=digest.hexdigest(),
        tokenizer=tokenizer,
        graph=graph,
        sentence=sentence,
        sentence_width=config.width,
        states=states,
        state_width=config.width,
        longest=config.longest,
        pad_id=tokenizer.token_to_id("[PAD]") or 0,
    )


def _read_config(folder: Path) -> _Config:
    path = folder / "config.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["model_type"] != "bert" or content["hidden_act"] != "gelu":
            raise OptionError(
                f"{path}: {content['model_type']} with {content['hidden_act']} is not read here; "
                "give a folder with a BERT (model_type bert, hidden_act gelu)"
            )
        return _Config(
            layers=int(content["num_hidden_layers"]),
            heads=int(content["num_attention_heads"]),
            width=int(content["hidden_size"]),
            longest=int(content["max_position_embeddings"]),
            epsilon=float(content["layer_norm_eps"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise OptionError(f"{path} does not describe a BERT: {fault!r:.200}") from fault


def _read_safetensors(path: Path) -> Weights:
    """Read the format of eight bytes of length, a JSON header, and the values."""
    content = np.memmap(path, np.uint8, "r")
    (size,) = struct.unpack("<Q", bytes(content[:8]))
    header = json.loads(bytes(content[8 : 8 + size]))
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in _DTYPES:
            continue  # positions are stored as whole numbers, and not needed
        start, end = (8 + size + offset for offset in entry["data_offsets"])
        values = np.frombuffer(bytes(content[start:end]), _DTYPES[entry["dtype"]]).astype(np.float32)
        weights[name.removeprefix("bert.")] = values.reshape(entry["shape"])
    return weights


def _network(graph: GraphWriter, weights: Weights, config: _Config) -> tuple[str, str]:
    def matrix(name: str) -> str:
        return _in_bytes(graph, name, weights[f"{name}.weight"].T)

    def dense(value: str, name: str) -> str:
        product = graph.node("MatMul", value, matrix(name))
        return graph.node("Add", product, graph.constant(f"{name}.bias", weights[f"{name}.bias"]))

    def norm(value: str, name: str) -> str:
        scale, shift = (
            graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")
        )
        return graph.node("LayerNormalization", value, scale, shift, axis=-1, epsilon=config.epsilon)

    def heads_of(value: str) -> str:
        parted = graph.node("Reshape", value, graph.integers(0, 0, config.heads, -1))
        return graph.node("Transpose", parted, perm=[0, 2, 1, 3])

    mask = graph.node("Unsqueeze", graph.node("Cast", MASK, to=TensorProto.FLOAT), graph.integers(-1))
    masked_scores = graph.node(
        "Mul",
        graph.node(
            "Unsqueeze",
            graph.node("Sub", graph.node("Cast", MASK, to=TensorProto.FLOAT), graph.scalar(1.0)),
            graph.integers(1, 2),
        ),
        graph.scalar(_FAR_BELOW),
    )
    states = norm(_embedded(graph, weights), "embeddings.LayerNorm")
    for layer in range(config.layers):
        at = f"encoder.layer.{layer}"
        query, key, value = (
            heads_of(dense(states, f"{at}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        alike = graph.node("MatMul", query, graph.node("Transpose", key, perm=[0, 1, 3, 2]))
        scaled = graph.node("Mul", alike, graph.scalar((config.width // config.heads) ** -0.5))
        share = graph.node("Softmax", graph.node("Add", scaled, masked_scores), axis=-1)
        mixed = graph.node("Transpose", graph.node("MatMul", share, value), perm=[0, 2, 1, 3])
        together = graph.node("Reshape", mixed, graph.integers(0, 0, config.width))
        attended = dense(together, f"{at}.attention.output.dense")
        states = norm(graph.node("Add", states, attended), f"{at}.attention.output.LayerNorm")
        inner = _gelu(graph, dense(states, f"{at}.intermediate.dense"))
        states = norm(graph.node("Add", states, dense(inner, f"{at}.output.dense")), f"{at}.output.LayerNorm")
    total = graph.node("ReduceSum", graph.node("Mul", states, mask), graph.integers(1), keepdims=0)
    return unit_length(graph, total, _UNIT_EPSILON), states


def _embedded(graph: GraphWriter, weights: Weights) -> str:
    words, positions, kinds = (
        weights[f"embeddings.{each}_embeddings.weight"] for each in ("word", "position", "token_type")
    )
    # One scale a word: its row is read and multiplied, the table stays in bytes.
    scale = np.maximum(np.abs(words).max(axis=1), 1e-12) / _STEPS
    table = graph.constant("embeddings.words", np.rint(words / scale[:, None]).astype(np.int8))
    steps = graph.node("Cast", graph.node("Gather", table, IDS), to=TensorProto.FLOAT)
    scales = graph.node("Gather", graph.constant("embeddings.words.scale", scale.astype(np.float32)), IDS)
    embedded = graph.node("Mul", steps, graph.node("Unsqueeze", scales, graph.integers(-1)))
    # Every text is of the first kind: its vector joins the position's.
    placed = graph.constant("embeddings.positions", positions + kinds[0])
    length = graph.node("Shape", IDS, start=1)
    first = graph.node("Slice", placed, graph.integers(0), length, graph.integers(0))
    return graph.node("Add", embedded, first)


def _in_bytes(graph: GraphWriter, name: str, weight: np.ndarray) -> str:
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / _STEPS
    steps = graph.constant(f"{name}.weight", np.rint(weight / scale).astype(np.int8))
    return graph.node(
        "DequantizeLinear", steps, graph.constant(f"{name}.scale", scale.astype(np.float32)), axis=1
    )


def _gelu(graph: GraphWriter, value: str) -> str:
    error = graph.node("Erf", graph.node("Mul", value, graph.scalar(0.5**0.5)))
    half = graph.node("Mul", value, graph.scalar(0.5))
    return graph.node("Mul", half, graph.node("Add", error, graph.scalar(1.0)))
