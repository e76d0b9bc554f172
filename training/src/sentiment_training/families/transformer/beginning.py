"""What a fine-tuning begins with: a folder of weights, or the networks of a version, to train them on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, numpy_helper
from tokenizers import Tokenizer

from sentiment import Bundle, Cleaning, tokenizer_from_json
from sentiment.errors import BundleError
from sentiment.manifest import GRAPH, MANIFEST, TOKENIZER
from sentiment_training.encoders.bert_weights import (
    Array,
    Dense,
    EncoderWeights,
    Layer,
    Norm,
    read_weights,
)
from sentiment_training.errors import OptionError
from sentiment_training.families.transformer.hub import check_length, check_weights, folder_of
from sentiment_training.families.transformer.model import prefix_of
from sentiment_training.families.transformer.options import MEAN, MEAN_AND_FIRST, TransformerOptions
from sentiment_training.families.transformer.tokenizer import read_tokenizer

# What a version has, and a training of it cannot choose again.
_ITS_OWN = ("cleaning", "max_length", "members", "pooling")


@dataclass(frozen=True)
class Beginning:
    """What is there before a training.

    Attributes
    ----------
    options
        As given; of a version, with what it has.
    encoders, heads
        Of each member. Where a head is None, it is drawn.
    """

    options: TransformerOptions
    tokenizer: Tokenizer
    encoders: Sequence[EncoderWeights]
    heads: Sequence[Dense | None]


def check_beginning(options: TransformerOptions, given: Mapping[str, str]) -> None:
    """Raise OptionError unless a training can begin so; fetches no more than a config.

    Parameters
    ----------
    given
        The options that a person named.
    """
    if not _is_bundle(options.weights):
        check_weights(options.weights, options.max_length)
        return
    if twice := next((name for name in _ITS_OWN if name in given), None):
        raise OptionError(
            f"weights={options.weights} is a version, which has its own {twice}; leave {twice} out"
        )
    _opened(Path(options.weights))


def begin(options: TransformerOptions) -> Beginning:
    """Read what is there.

    Raises
    ------
    OptionError
        If it cannot be used.
    """
    if _is_bundle(options.weights):
        return _of_version(Path(options.weights), options)
    folder = folder_of(options.weights)
    weights = read_weights(folder)
    check_length(options.max_length, weights.longest)
    cleaning = Cleaning.parse(options.cleaning)
    tokenizer = read_tokenizer(folder, options.max_length, len(weights.tokens), cleaning)
    members = options.members
    return Beginning(options, tokenizer, [_covering(weights, tokenizer)] * members, [None] * members)


def _covering(weights: EncoderWeights, tokenizer: Tokenizer) -> EncoderWeights:
    """Give tokens that have no embedding that of the unknown one."""
    numbers = tokenizer.get_vocab()
    missing = max(numbers.values()) + 1 - len(weights.tokens)
    if missing <= 0:
        return weights
    unknown = weights.tokens[numbers["<unk>"]]
    return replace(weights, tokens=np.concatenate([weights.tokens, np.tile(unknown, (missing, 1))]))


def _is_bundle(weights: str) -> bool:
    return (Path(weights) / MANIFEST).is_file()


def _opened(folder: Path) -> Bundle:
    """Open a version.

    Raises
    ------
    OptionError
        If it is damaged, or of another family.
    """
    try:
        bundle = Bundle.open(folder)
    except BundleError as error:
        raise OptionError(f"weights={folder} is a bundle that cannot be used: {error}") from error
    if (family := bundle.manifest.family) != "transformer":
        raise OptionError(f"weights={folder} is a version of the family {family}, not transformer")
    return bundle


def _of_version(folder: Path, options: TransformerOptions) -> Beginning:
    bundle = _opened(folder)
    graph = onnx.load_model(folder / GRAPH).graph
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    prefixes = takewhile(lambda prefix: f"{prefix}head.weight" in constants, map(prefix_of, count()))
    read = [_Reader(graph, constants, prefix) for prefix in prefixes]
    tokenizer = tokenizer_from_json((folder / TOKENIZER).read_text(encoding="utf-8"))
    heads = [each.dense("head") for each in read]
    encoders = [each.encoder() for each in read]
    own = replace(
        options,
        weights=f"version-{bundle.sha256[:12]}",
        cleaning="as in weights",
        max_length=int((tokenizer.truncation or {})["max_length"]),
        members=len(read),
        pooling=MEAN if len(heads[0].kernel) == encoders[0].width else MEAN_AND_FIRST,
    )
    return Beginning(own, tokenizer, encoders, heads)


@dataclass(frozen=True)
class _Reader:
    """Reads back what `bert_graph.encode` and `graph_of` wrote."""

    graph: GraphProto
    constants: Mapping[str, Array]
    prefix: str

    def encoder(self) -> EncoderWeights:
        width = self.constants[f"{self.prefix}positions"].shape[1]
        heads = self._heads()
        layers = takewhile(
            lambda name: f"{self.prefix}{name}.query.bias" in self.constants,
            (f"layer.{number}" for number in count()),
        )
        return EncoderWeights(
            tokens=self.matrix("tokens", "table"),
            positions=self.constants[f"{self.prefix}positions"],
            norm=self.norm("embedded.norm"),
            layers=[self.layer(name, np.float32((width // heads) ** 0.5)) for name in layers],
            heads=heads,
            epsilon=self._epsilon(),
        )

    def layer(self, name: str, unscaled: np.float32) -> Layer:
        query = self.dense(f"{name}.query")
        return Layer(
            # The graph has attention's scale in it.
            query=Dense(query.kernel * unscaled, query.bias * unscaled),
            key=self.dense(f"{name}.key"),
            value=self.dense(f"{name}.value"),
            attended=self.dense(f"{name}.attended"),
            attended_norm=self.norm(f"{name}.attended.norm"),
            widen=self.dense(f"{name}.widen"),
            narrow=self.dense(f"{name}.narrow"),
            norm=self.norm(f"{name}.norm"),
        )

    def matrix(self, name: str, kind: str) -> Array:
        """A matrix as floats, also where it is kept in bytes."""
        kept = self.constants[f"{self.prefix}{name}.{kind}"]
        steps = self.constants.get(f"{self.prefix}{name}.steps")
        return kept if steps is None else kept.astype(np.float32) * steps

    def dense(self, name: str) -> Dense:
        return Dense(self.matrix(name, "weight"), self.constants[f"{self.prefix}{name}.bias"])

    def norm(self, name: str) -> Norm:
        return Norm(
            self.constants[f"{self.prefix}{name}.scale"], self.constants[f"{self.prefix}{name}.offset"]
        )

    def _heads(self) -> int:
        """Attention's heads, from the shape into which it cuts its rows: (0, 0, heads, size)."""
        shapes = (self.constants[each.input[1]] for each in self.graph.node if each.op_type == "Reshape")
        return next(int(shape[2]) for shape in shapes if len(shape) == 4)  # noqa: PLR2004

    def _epsilon(self) -> float:
        norm = next(each for each in self.graph.node if each.op_type == "LayerNormalization")
        return float(next(each.f for each in norm.attribute if each.name == "epsilon"))
