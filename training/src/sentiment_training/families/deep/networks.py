"""The three networks in Keras. Each takes ids of texts of one length and gives a logit a text.

What is random at the start draws from Keras' global seed, which `model.py` sets.
"""

import keras
import numpy as np
import numpy.typing as npt

from sentiment_training.families.deep.options import (
    BILSTM,
    ConvolutionOptions,
    Kind,
    NetworkOptions,
    RecurrentOptions,
    parsed_widths,
)

EMBEDDING, SCORE = "embedding", "score"


def build(
    kind: Kind,
    options: NetworkOptions,
    embeddings: npt.NDArray[np.float32] | tuple[int, int],
    precision: str,
) -> keras.Model:
    """Build a network.

    Parameters
    ----------
    embeddings
        Where they start, shape (vocabulary, dimensions); or this shape alone, to start at random.
    precision
        A dtype policy of Keras.

    Returns
    -------
    keras.Model
        int32 ids (batch, length) → float32 logits (batch, 1).
    """
    rows, dimensions = embeddings if isinstance(embeddings, tuple) else embeddings.shape
    ids = keras.Input((None,), dtype="int32", name="ids")
    table = keras.layers.Embedding(
        rows, dimensions, trainable=options.trainable, name=EMBEDDING, dtype=precision
    )
    words = table(ids)
    if not isinstance(embeddings, tuple):
        table.set_weights([embeddings])
    words = keras.layers.SpatialDropout1D(options.spatial_dropout, dtype=precision)(words)
    if isinstance(options, RecurrentOptions):
        text = _recurrent(kind, options, words, precision)
    else:
        assert isinstance(options, ConvolutionOptions)  # noqa: S101 - there are these two
        text = _convolution(options, words, precision)
    # Without a shape, if only its own, PyTorch draws from a state of its own, which no checkpoint holds.
    text = keras.layers.Dropout(options.dropout, noise_shape=(None, None), dtype=precision)(text)
    logit = keras.layers.Dense(1, dtype="float32", name=SCORE)(text)
    return keras.Model(ids, logit, name=kind.name)


def _recurrent(
    kind: Kind, options: RecurrentOptions, words: keras.KerasTensor, precision: str
) -> keras.KerasTensor:
    layer = keras.layers.LSTM if kind.name == BILSTM.name else keras.layers.GRU
    states = words
    for number in range(options.layers):
        states = keras.layers.Bidirectional(
            layer(options.units, return_sequences=True, dtype=precision),
            name=recurrent_name(number),
            dtype=precision,
        )(states)
    return keras.layers.Concatenate(dtype=precision)(
        [
            keras.layers.GlobalMaxPooling1D(dtype=precision)(states),
            keras.layers.GlobalAveragePooling1D(dtype=precision)(states),
        ]
    )


def _convolution(options: ConvolutionOptions, words: keras.KerasTensor, precision: str) -> keras.KerasTensor:
    """Kim 2014: filters of several widths, each one's strongest answer in the text."""
    strongest = [
        keras.layers.GlobalMaxPooling1D(dtype=precision)(
            keras.layers.Conv1D(
                options.filters,
                width,
                padding="same",
                activation="relu",
                name=convolution_name(width),
                dtype=precision,
            )(words)
        )
        for width in parsed_widths(options.widths)
    ]
    return strongest[0] if len(strongest) == 1 else keras.layers.Concatenate(dtype=precision)(strongest)


def recurrent_name(number: int) -> str:
    """Name of a recurrent layer, from 0."""
    return f"recurrent_{number}"


def convolution_name(width: int) -> str:
    """Name of the filters of a width."""
    return f"convolution_{width}"
