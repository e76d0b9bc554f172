"""A version's network, to be trained on: the numbers that `graphs.py` wrote, as Keras has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path

import keras
import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import BPE

from sentiment_training.families.deep.networks import (
    EMBEDDING,
    SCORE,
    convolution_name,
    recurrent_name,
)
from sentiment_training.families.deep.options import (
    BILSTM,
    SUBWORDS,
    WIDEST,
    WORDS,
    ConvolutionOptions,
    Kind,
    NetworkOptions,
    RecurrentOptions,
)
from sentiment_training.families.version import Array, Version
from sentiment_training.families.vocabulary import vocabulary_size
from sentiment_training.families.wide import kept_ngrams
from sentiment_training.families.wide_ngrams import KeptNgrams

_AS_IN_WEIGHTS = "as in weights"


@dataclass(frozen=True)
class Beginning:
    """What a version brings.

    Attributes
    ----------
    options
        As given, with what the version has.
    layers
        Name of a layer → its weights, as Keras has them; of a bidirectional one, of both directions.
    ngrams
        That answered beside it.
    """

    options: NetworkOptions
    tokenizer: Tokenizer
    layers: Mapping[str, Sequence[Array]]
    ngrams: KeptNgrams | None

    def fill(self, network: keras.Model) -> None:
        """Give a network of these options the version's weights."""
        for name, weights in self.layers.items():
            network.get_layer(name).set_weights(weights)


def begin(kind: Kind, options: NetworkOptions) -> Beginning:
    """Read the version that `options.weights` names.

    Raises
    ------
    OptionError
        If it is damaged, or of another family.
    """
    version = Version.read(Path(options.weights), kind.name)
    version.tokenizer.no_padding()
    table = version.matrix(EMBEDDING, "table")
    layers: dict[str, Sequence[Array]] = {
        EMBEDDING: [table],
        SCORE: [version.floats(f"{SCORE}.weight"), version.floats(f"{SCORE}.bias")],
    }
    own = replace(
        options,
        weights=version.name,
        cleaning=_AS_IN_WEIGHTS,
        tokens=SUBWORDS if isinstance(version.tokenizer.model, BPE) else WORDS,
        vocabulary=vocabulary_size(version.tokenizer),
        max_length=version.max_length,
        embeddings=_AS_IN_WEIGHTS,
        embedding_dim=table.shape[1],
    )
    if isinstance(own, RecurrentOptions):
        read = _lstm if kind.name == BILSTM.name else _gru
        names = takewhile(lambda name: f"{name}.W" in version.constants, map(recurrent_name, count()))
        recurrent = {name: read(*(version.floats(f"{name}.{part}") for part in "WRB")) for name in names}
        units = version.floats(f"{recurrent_name(0)}.R").shape[2]
        own = replace(own, layers=len(recurrent), units=units)
        layers |= recurrent
    else:
        assert isinstance(own, ConvolutionOptions)  # noqa: S101 - there are these two
        width_of = {f"{convolution_name(width)}.W": width for width in range(1, WIDEST + 1)}
        # In the order in which they were written, in which the last layer knows them.
        widths = [width_of[name] for name in version.constants if name in width_of]
        for name in map(convolution_name, widths):
            layers[name] = [version.floats(f"{name}.W").transpose(2, 1, 0), version.floats(f"{name}.B")]
        filters = len(version.floats(f"{convolution_name(widths[0])}.B"))
        own = replace(own, filters=filters, widths=",".join(map(str, widths)))
    return Beginning(own, version.tokenizer, layers, kept_ngrams(version))


def _lstm(kernels: Array, recurrent: Array, biases: Array) -> Sequence[Array]:
    """Undo `graphs._lstm_weights`, for each direction."""

    def gates(weights: Array) -> Array:
        into, out, forget, cell = np.split(weights, 4, axis=-1)
        ordered: Array = np.concatenate([into, forget, cell, out], axis=-1)
        return ordered

    given, _ = np.split(biases, 2, axis=-1)
    both = zip(kernels, recurrent, given, strict=True)
    return [each for kernel, again, bias in both for each in (gates(kernel.T), gates(again.T), gates(bias))]


def _gru(kernels: Array, recurrent: Array, biases: Array) -> Sequence[Array]:
    """Undo `graphs._gru_weights`, for each direction."""
    both = zip(kernels, recurrent, biases, strict=True)
    return [each for kernel, again, bias in both for each in (kernel.T, again.T, bias.reshape(2, -1))]
