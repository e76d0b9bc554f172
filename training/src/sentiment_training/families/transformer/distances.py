"""MPNet's attention in Keras: it knows how far two tokens are apart, which KerasHub's has no argument for."""
# ruff: noqa: PLC0415 - TensorFlow takes seconds to import, and comes with an extra
# ruff: noqa: ANN401 - Keras ships no types

from functools import partial
from typing import Any

_NAME = "distances"


def know_distances(transformer_layers: list[Any], shape: tuple[int, ...]) -> None:
    """Give KerasHub's transformer layers one table of distances, in place: `EncoderWeights.distances`."""
    first = transformer_layers[0]._self_attention_layer
    # As Keras itself does it where it adds weights to a layer that is there already (`enable_lora`).
    first._tracker.unlock()
    table = first.add_weight(name=_NAME, shape=shape, initializer="zeros")
    first._tracker.lock()
    for layer in transformer_layers:
        attention = layer._self_attention_layer
        # Which Keras leaves to its users to override, by its docstring.
        attention._compute_attention = partial(_attend, attention, table)


def distances_of(transformer_layers: list[Any]) -> list[Any]:
    """Return the table, if there is one."""
    first = transformer_layers[0]._self_attention_layer
    return [variable for variable in first.weights if variable.name == _NAME]


def _attend(
    attention: Any,
    table: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any = None,
    training: bool | None = None,
    *_: Any,
    **_named: Any,
) -> tuple[Any, None]:
    from keras import ops

    query = query * ops.cast(attention._inverse_sqrt_key_dim, query.dtype)
    scores = ops.einsum(attention._dot_product_equation, key, query)
    places = ops.arange(ops.shape(scores)[-1])
    away = places[None, :] - places[:, None] + table.shape[0] // 2
    apart = ops.transpose(ops.take(table, away, axis=0), (2, 0, 1))
    shares = attention._masked_softmax(scores + ops.cast(apart, scores.dtype), attention_mask)
    shares = attention._dropout_layer(shares, training=training)
    return ops.einsum(attention._combine_equation, shares, value), None
