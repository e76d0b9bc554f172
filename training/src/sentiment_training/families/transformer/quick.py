"""What Keras computes slowly on a processor, said otherwise: the same numbers, 1.7 times as fast.

Found with TensorFlow's profiler, for MiniLM, 256 tweets of 20 tokens, bfloat16 (docs/figures.md):

- Attention's projections are an einsum, whose gradient is one matrix a text, summed over the texts: a third
  of a step. As one product over all tokens, it is one matrix.
- GELU's gradient is worked out operation by operation, and the error function in bfloat16 is slower than in
  single precision: a sixth of a step.
"""
# ruff: noqa: PLC0415 - TensorFlow takes seconds to import, and comes with an extra

import math
from collections.abc import Callable
from functools import partial
from typing import Any


def quicken(transformer_layers: list[Any]) -> None:
    """Change how KerasHub's transformer layers compute, in place; it has no arguments for it."""
    gelu = _gelu()
    for layer in transformer_layers:
        attention = layer._self_attention_layer
        # On a GPU, JAX's refuses a mask like ours, and Keras logs a traceback a layer before it does without.
        attention._flash_attention = False
        for dense in (attention.query_dense, attention.key_dense, attention.value_dense):
            dense.call = partial(_projected, dense, 1)
        attention.output_dense.call = partial(_projected, attention.output_dense, 2)
        layer._feedforward_intermediate_dense.activation = gelu


def _projected(dense: Any, axes: int, inputs: Any, training: bool | None = None) -> Any:  # noqa: ANN401, ARG001 - Keras ships no types, and calls it so
    """Multiply the last `axes` axes of the inputs by the kernel, for all tokens of all texts at once."""
    from keras import ops

    given, gives = dense.kernel.shape[:axes], dense.kernel.shape[axes:]
    kernel = ops.reshape(dense.kernel, (math.prod(given), math.prod(gives)))
    batch, length = ops.shape(inputs)[:2]
    product = ops.matmul(ops.reshape(inputs, (-1, math.prod(given))), kernel)
    return ops.reshape(product + ops.reshape(dense.bias, (-1,)), (batch, length, *gives))


def _gelu() -> Callable[[Any], Any]:
    """Return x · Φ(x), as Hendrycks and Gimpel 2016 define it, and as BERT was trained with it."""
    from keras import ops

    def normal(x: Any) -> Any:  # noqa: ANN401 - Keras ships no types
        return 0.5 * (1 + ops.erf(x * math.sqrt(0.5)))

    def gelu(x: Any) -> Any:  # noqa: ANN401 - as above
        single = ops.cast(x, "float32")

        def gradient(upstream: Any) -> Any:  # noqa: ANN401 - as above
            again = ops.cast(x, "float32")
            density = ops.exp(-0.5 * again * again) * (1 / math.sqrt(2 * math.pi))
            return ops.cast(ops.cast(upstream, "float32") * (normal(again) + again * density), x.dtype)

        return ops.cast(single * normal(single), x.dtype), gradient

    quick: Callable[[Any], Any] = ops.custom_gradient(gelu)
    return quick
