"""What a fine-tuning begins with: a folder of weights, or the networks of a version, to train them on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path

import numpy as np
from onnx import NodeProto
from tokenizers import Tokenizer

from sentiment import Cleaning
from sentiment_training.encoders.bert_weights import (
    Dense,
    EncoderWeights,
    Layer,
    Norm,
    read_weights,
)
from sentiment_training.encoders.e5 import is_e5_folder, read_e5
from sentiment_training.encoders.pruning import pruned
from sentiment_training.errors import OptionError
from sentiment_training.families.transformer.hub import check_layers, check_length, check_weights, folder_of
from sentiment_training.families.transformer.model import prefix_of
from sentiment_training.families.transformer.options import MEAN, MEAN_AND_FIRST, TransformerOptions
from sentiment_training.families.transformer.tokenizer import laid_out, read_tokenizer
from sentiment_training.families.version import Version, check_version, is_version
from sentiment_training.progress import Progress

_FAMILY = "transformer"
# What a version has, and a training of it cannot choose again.
_ITS_OWN = ("cleaning", "layers", "max_length", "pooling", "vocabulary")


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
    if versions := _versions(options.weights):
        for each in versions:
            check_version(each, _FAMILY, _ITS_OWN, given)
    elif options.epochs:
        check_weights(options.weights, options.max_length, options.layers)
    else:
        raise OptionError(
            f"epochs=0 trains nothing, so weights takes versions, which can answer already; "
            f"{options.weights} is none"
        )


def _versions(weights: str) -> Sequence[str]:
    """Return the bundles that `weights` names; none if it names other weights.

    Raises
    ------
    OptionError
        If several things are named, and one is no bundle.
    """
    # A folder's name may hold a comma.
    named = [weights] if Path(weights).is_dir() else weights.split(",")
    versions = [each for each in named if is_version(each)]
    if len(named) > 1 and (other := next((each for each in named if each not in versions), None)):
        raise OptionError(f"weights: what answers together are versions, and {other} is no version's bundle")
    return versions


def begin(options: TransformerOptions, texts: Sequence[str], progress: Progress) -> Beginning:
    """Read what is there.

    Parameters
    ----------
    texts
        That are learned from: they choose what stays of a vocabulary.

    Raises
    ------
    OptionError
        If it cannot be used.
    """
    if versions := _versions(options.weights):
        return _together([_of_version(Path(each), options) for each in versions])
    weights, tokenizer = _of_folder(folder_of(options.weights), options)
    check_layers(options.layers, len(weights.layers))
    weights = weights.cut(options.max_length, options.layers or len(weights.layers))
    weights, tokenizer = pruned(weights, tokenizer, texts, options.vocabulary, progress)
    members = options.members or 1
    return Beginning(replace(options, members=members), tokenizer, [weights] * members, [None] * members)


def _of_folder(folder: Path, options: TransformerOptions) -> tuple[EncoderWeights, Tokenizer]:
    cleaning = Cleaning.parse(options.cleaning)
    if is_e5_folder(folder):
        weights, bare = read_e5(folder)
        return weights, laid_out(bare, options.max_length, cleaning)
    weights = read_weights(folder)
    check_length(options.max_length, weights.longest)
    tokenizer = read_tokenizer(folder, options.max_length, len(weights.tokens), cleaning)
    return _covering(weights, tokenizer), tokenizer


def _covering(weights: EncoderWeights, tokenizer: Tokenizer) -> EncoderWeights:
    """Give tokens that have no embedding that of the unknown one."""
    numbers = tokenizer.get_vocab()
    missing = max(numbers.values()) + 1 - len(weights.tokens)
    if missing <= 0:
        return weights
    unknown = weights.tokens[numbers["<unk>"]]
    return replace(weights, tokens=np.concatenate([weights.tokens, np.tile(unknown, (missing, 1))]))


def _together(versions: Sequence[Beginning]) -> Beginning:
    """Join versions: the members of all are one version's.

    Raises
    ------
    OptionError
        If a graph cannot hold them all.
    """
    first, *others = versions
    for each in others:
        if each.tokenizer.to_str() != first.tokenizer.to_str():
            raise OptionError(
                f"{each.options.weights} cuts texts otherwise than {first.options.weights}: their cleaning, "
                "max_length and vocabulary must be the same"
            )
        if each.options.pooling != first.options.pooling:
            raise OptionError(
                f"{each.options.weights} has pooling={each.options.pooling}, and {first.options.weights} "
                f"{first.options.pooling}: versions that answer together have the same"
            )
    options = replace(
        first.options,
        weights=",".join(each.options.weights for each in versions),
        members=sum(each.options.members for each in versions),
    )
    return Beginning(
        options,
        first.tokenizer,
        [encoder for each in versions for encoder in each.encoders],
        [head for each in versions for head in each.heads],
    )


def _of_version(folder: Path, options: TransformerOptions) -> Beginning:
    """Read a version's networks, or the first so many.

    Raises
    ------
    OptionError
        If it is damaged, of another family, or has fewer.
    """
    version = Version.read(folder, _FAMILY)
    prefixes = takewhile(lambda prefix: f"{prefix}head.weight" in version.constants, map(prefix_of, count()))
    has = [_Reader(version, prefix) for prefix in prefixes]
    if options.members > len(has):
        raise OptionError(f"members={options.members}: {folder} is a version of {len(has)}; give fewer")
    read = has[: options.members or None]
    heads = [each.dense("head") for each in read]
    encoders = [each.encoder() for each in read]
    own = replace(
        options,
        weights=version.name,
        cleaning="as in weights",
        max_length=version.max_length,
        layers=len(encoders[0].layers),
        members=len(read),
        pooling=MEAN if len(heads[0].kernel) == encoders[0].width else MEAN_AND_FIRST,
    )
    return Beginning(own, version.tokenizer, encoders, heads)


@dataclass(frozen=True)
class _Reader:
    """Reads back what `bert_graph.encode` and `graph_of` wrote."""

    version: Version
    prefix: str

    def encoder(self) -> EncoderWeights:
        positions = self.version.floats(f"{self.prefix}positions")
        heads = self._heads()
        distances = f"{self.prefix}distances"
        layers = takewhile(
            lambda name: f"{self.prefix}{name}.query.bias" in self.version.constants,
            (f"layer.{number}" for number in count()),
        )
        return EncoderWeights(
            tokens=self.version.matrix(f"{self.prefix}tokens", "table"),
            positions=positions,
            norm=self.norm("embedded.norm"),
            layers=[self.layer(name, np.float32((positions.shape[1] // heads) ** 0.5)) for name in layers],
            heads=heads,
            epsilon=self._epsilon(),
            distances=self.version.floats(distances) if distances in self.version.constants else None,
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

    def dense(self, name: str) -> Dense:
        of = f"{self.prefix}{name}"
        return Dense(self.version.matrix(of, "weight"), self.version.floats(f"{of}.bias"))

    def norm(self, name: str) -> Norm:
        of = f"{self.prefix}{name}"
        return Norm(self.version.floats(f"{of}.scale"), self.version.floats(f"{of}.offset"))

    def _heads(self) -> int:
        """Attention's heads, from the shape into which it cuts its rows: (0, 0, heads, size)."""
        rows = self._taking(f"{self.prefix}layer.0.query.bias").output[0]
        return int(self.version.constants[self._taking(rows).input[1]][2])

    def _epsilon(self) -> float:
        norm = self._taking(f"{self.prefix}embedded.norm.scale")
        return float(next(each.f for each in norm.attribute if each.name == "epsilon"))

    def _taking(self, tensor: str) -> NodeProto:
        """Return the node that takes a tensor which only one does."""
        node: NodeProto = next(each for each in self.version.graph.node if tensor in each.input)
        return node
