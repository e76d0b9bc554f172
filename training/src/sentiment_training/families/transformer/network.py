"""The encoder as a Keras model, to fine-tune it."""
# ruff: noqa: PLC0415 - TensorFlow takes seconds to import, and comes with an extra

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sentiment_training.encoders.bert_weights import (
    Array,
    Dense,
    EncoderWeights,
    arrays_of,
    with_arrays,
)
from sentiment_training.families.extras import JAX
from sentiment_training.families.transformer.distances import distances_of, know_distances
from sentiment_training.families.transformer.options import (
    AUTO,
    FLOAT32,
    MEAN,
    MIXED_BFLOAT16,
    TransformerOptions,
)
from sentiment_training.families.transformer.quick import quicken

if TYPE_CHECKING:
    import keras

_HEAD = "head"
_ENCODER = "encoder"
_FIRST_GPU_WITH_BFLOAT16 = 8  # compute capability: Ampere, 2020


def build(weights: EncoderWeights, options: TransformerOptions, precision: str) -> "keras.Model":
    """Return a model from `token_ids` and `padding_mask` to the logit of *positive*, shape (n, 1).

    All architectures are one in KerasHub's RoBERTa: `weights` has folded in what sets them apart.
    """
    import keras
    import keras_hub

    backbone = keras_hub.models.RobertaBackbone(
        vocabulary_size=len(weights.tokens),
        num_layers=len(weights.layers),
        num_heads=weights.heads,
        hidden_dim=weights.width,
        intermediate_dim=weights.layers[0].widen.kernel.shape[1],
        dropout=options.dropout,
        max_sequence_length=weights.longest,
        dtype=precision,
        name=_ENCODER,
    )
    for layer in backbone._flatten_layers():  # KerasHub has no argument for it
        if isinstance(layer, keras.layers.LayerNormalization):
            layer.epsilon = weights.epsilon
    quicken(backbone.transformer_layers)
    if weights.distances is not None:
        know_distances(backbone.transformer_layers, weights.distances.shape)
    for variable, array in zip(_variables(backbone), arrays_of(weights), strict=True):
        variable.assign(array.reshape(variable.shape))
    backbone.token_embedding.trainable = options.train_embeddings

    ids, mask = (keras.Input((None,), dtype="int32", name=name) for name in ("token_ids", "padding_mask"))
    hidden = keras.ops.cast(backbone({"token_ids": ids, "padding_mask": mask}), FLOAT32)
    present = keras.ops.cast(mask, FLOAT32)[..., None]
    count = keras.ops.maximum(keras.ops.sum(present, axis=1), 1)
    features = keras.ops.sum(hidden * present, axis=1) / count
    if options.pooling != MEAN:
        features = keras.ops.concatenate([features, hidden[:, 0]], axis=-1)
    features = keras.layers.Dropout(options.dropout)(features)
    logit = keras.layers.Dense(1, dtype=FLOAT32, name=_HEAD)(features)
    return keras.Model({"token_ids": ids, "padding_mask": mask}, logit)


def weights_of(model: "keras.Model", like: EncoderWeights) -> tuple[EncoderWeights, Dense]:
    """Return the numbers of a model from `build`: the encoder's and the dense unit's."""
    backbone, head = model.get_layer(_ENCODER), model.get_layer(_HEAD)
    arrays = [_array(variable) for variable in _variables(backbone)]
    return with_arrays(like, arrays), Dense(_array(head.kernel), _array(head.bias))


def set_head(model: "keras.Model", head: Dense) -> None:
    """Give the dense unit its numbers."""
    layer = model.get_layer(_HEAD)
    layer.kernel.assign(head.kernel)
    layer.bias.assign(head.bias)


def chosen_precision(precision: str) -> str:
    """Return what `auto` stands for here: bfloat16 where the processor or the GPU multiplies it itself."""
    if precision != AUTO:
        return precision
    if (capability := _gpu_capability()) is not None:
        return MIXED_BFLOAT16 if capability >= _FIRST_GPU_WITH_BFLOAT16 else FLOAT32
    cpu = Path("/proc/cpuinfo")
    flags = set(cpu.read_text(encoding="utf-8", errors="replace").split()) if cpu.is_file() else set()
    return MIXED_BFLOAT16 if flags & {"avx512_bf16", "amx_bf16"} else FLOAT32


def compiles(options: TransformerOptions) -> bool:
    """Whether a network is compiled for each shape of a batch: JAX knows no other way."""
    import keras

    return options.jit or keras.config.backend() == JAX


def _gpu_capability() -> float | None:
    """Compute capability of the first GPU that Keras' backend uses; None where it uses none."""
    import keras

    if keras.config.backend() == JAX:
        import jax

        first = jax.devices()[0]
        return float(first.compute_capability) if first.platform == "gpu" else None
    import tensorflow as tf

    if not (gpus := tf.config.list_physical_devices("GPU")):
        return None
    details = tf.config.experimental.get_device_details(gpus[0])
    return float(details.get("compute_capability", (0, 0))[0])


def seed_everything(seed: int) -> None:
    """Make what Keras draws repeatable."""
    import keras

    keras.utils.set_random_seed(seed)


def _array(variable: Any) -> Array:  # noqa: ANN401 - Keras ships no types
    return np.asarray(variable, np.float32)


def _variables(backbone: Any) -> list[Any]:  # noqa: ANN401 - as above
    """A backbone's variables in the order of `arrays_of`."""
    found = [
        backbone.token_embedding.embeddings,
        backbone.embeddings.position_embedding.position_embeddings,
        backbone.embeddings_layer_norm.gamma,
        backbone.embeddings_layer_norm.beta,
        *distances_of(backbone.transformer_layers),
    ]
    for layer in backbone.transformer_layers:
        attention = layer._self_attention_layer  # KerasHub's converters reach for it in the same way
        for dense in (
            attention.query_dense,
            attention.key_dense,
            attention.value_dense,
            attention.output_dense,
        ):
            found += [dense.kernel, dense.bias]
        found += [layer._self_attention_layer_norm.gamma, layer._self_attention_layer_norm.beta]
        for dense in (layer._feedforward_intermediate_dense, layer._feedforward_output_dense):
            found += [dense.kernel, dense.bias]
        found += [layer._feedforward_layer_norm.gamma, layer._feedforward_layer_norm.beta]
    return found
