"""The training loop: epochs over batches of equal length, chosen by validation, resumed after a kill."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import keras
import numpy as np
from scipy.special import expit

from sentiment_training.errors import DivergedError
from sentiment_training.families.deep.checkpoints import Checkpoint, Standing, Weights
from sentiment_training.families.deep.options import COSINE, FLOAT32, MIXED, PLATEAU, NetworkOptions
from sentiment_training.families.deep.rows import Rows, TokenArray
from sentiment_training.families.extras import TORCH
from sentiment_training.families.family import Examples, FloatArray, Work
from sentiment_training.families.teacher import Targets
from sentiment_training.families.validating import LOSS, validation_figures
from sentiment_training.families.vocabulary import UNKNOWN_ID

# The rate rises over the first steps, while Adam knows nothing of the gradients' sizes.
_WARM_UP_SHARE = 0.02
# By how much the rate falls on a plateau.
_REDUCTION = 0.5
# Tokens that are scored at once: bounds the memory.
_TOKENS_AT_ONCE = 32_768


def fit(
    network: keras.Model,
    rows: Rows,
    targets: Targets,
    weights: FloatArray,
    validation: Examples,
    validated: Rows,
    options: NetworkOptions,
    work: Work,
    resumed: Checkpoint | None,
    save: Callable[[Standing, keras.Model, keras.Optimizer, Weights], None],
) -> Standing:
    """Train until the epochs are over or validation gets no better; leave the best weights in the network.

    Parameters
    ----------
    rows, validated
        The tokens of the texts to learn from, and of `validation`.
    targets
        Probability of *positive* to be learned, shape (rows,).
    weights
        How much each row counts, shape (rows,).
    resumed
        The last epoch of this training, where it was killed.
    save
        Is called after each epoch with the standing, the network, the optimizer and the best weights.

    Raises
    ------
    DivergedError
        If the validation loss is no number.
    """
    optimizer = keras.optimizers.Adam(options.learning_rate)
    optimizer.build(network.trainable_variables)
    # A sum of shares of a whole batch, also where fewer texts have this length: each text counts the same.
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    network.compile(optimizer, loss, jit_compile=False)
    standing = Standing()
    best: Weights = values(network.variables)
    if resumed is not None:
        _restore(network.variables, resumed.network)
        _restore(optimizer.variables, resumed.optimizer)
        standing, best = resumed.standing, resumed.best
    # Their mean is 1, so that the learning rate means the same whatever the weights.
    counting = (weights / weights.mean()).astype(np.float32)
    with work.progress.step("fit", (options.epochs - standing.epochs) * len(rows)) as advance:
        while not is_over(standing, options):
            generator = np.random.default_rng([work.seed, standing.epochs])
            batches = rows.shuffled(options.batch, generator)
            total = 0.0
            for number, chosen in enumerate(batches):
                done = standing.epochs + number / len(batches)
                optimizer.learning_rate.assign(_rate(options, standing, done))
                ids = _with_unknowns(rows.batch(chosen), options.word_dropout, generator)
                shares = counting[chosen] / options.batch
                total += float(network.train_on_batch(ids, targets[chosen, np.newaxis], sample_weight=shares))
                advance(len(chosen))
            figures = validation_figures(probabilities(network, validated), validation)
            if not math.isfinite(figures[LOSS]):
                raise DivergedError(
                    f"after epoch {standing.epochs + 1} the network's answers are no numbers; "
                    "give a lower learning_rate, or other embeddings if it has them from a file"
                )
            figures["train.loss"] = total * options.batch / float(counting.sum())
            for name, value in figures.items():
                work.report(name, value, standing.epochs + 1)
            standing = _after(standing, figures[LOSS], options)
            if standing.waited == 0:
                best = values(network.variables)
            save(standing, network, optimizer, best)
    _restore(network.variables, best)
    return standing


def is_over(standing: Standing, options: NetworkOptions) -> bool:
    """Whether no epoch is left, or validation has been no better for too long."""
    return standing.epochs >= options.epochs or standing.waited >= options.patience


def log_odds(network: keras.Model, rows: Rows) -> FloatArray:
    """Score texts: log-odds of *positive*, shape (n,)."""
    result = np.empty(len(rows), np.float64)
    for chosen in rows.in_order(_TOKENS_AT_ONCE):
        result[chosen] = network.predict_on_batch(rows.batch(chosen))[:, 0]
    return result


def probabilities(network: keras.Model, rows: Rows) -> FloatArray:
    """Score texts: probability of *positive*, shape (n,)."""
    probability: FloatArray = expit(log_odds(network, rows))
    return probability


def _rate(options: NetworkOptions, standing: Standing, done: float) -> float:
    """Learning rate when `done` epochs are over."""
    rate = options.learning_rate * standing.rate_factor
    warm_up = _WARM_UP_SHARE * options.epochs
    if done < warm_up:
        return rate * (done + _WARM_UP_SHARE / 10) / warm_up
    if options.schedule == COSINE:
        return rate * (1 + math.cos(math.pi * (done - warm_up) / (options.epochs - warm_up))) / 2
    return rate


def _after(standing: Standing, loss: float, options: NetworkOptions) -> Standing:
    """Return the standing after one more epoch with this validation loss."""
    done = standing.epochs + 1
    if loss < standing.best_loss:
        return replace(standing, epochs=done, best_epoch=done, best_loss=loss, waited=0)
    reduction = _REDUCTION if options.schedule == PLATEAU else 1.0
    return replace(
        standing, epochs=done, waited=standing.waited + 1, rate_factor=standing.rate_factor * reduction
    )


def _with_unknowns(ids: TokenArray, share: float, generator: np.random.Generator) -> TokenArray:
    """Make some words unknown, so that the network learns to do without them."""
    if share == 0:
        return ids
    hidden = generator.random(ids.shape, np.float32) < share
    return np.where(hidden, np.int32(UNKNOWN_ID), ids)


def values(variables: Sequence[keras.Variable]) -> Weights:
    """Copy what Keras' variables hold."""
    return [np.asarray(each).copy() for each in variables]


def _restore(variables: Sequence[keras.Variable], kept: Weights) -> None:
    for variable, value in zip(variables, kept, strict=True):
        variable.assign(value)


def device_precision() -> str:
    """Mixed bfloat16 where TensorFlow has a GPU; on processors that know it, too, a BiLSTM is slower with it.

    On PyTorch single precision: in bfloat16 not every cuDNN computes recurrent layers at once.
    """
    if keras.config.backend() == TORCH:
        return FLOAT32
    import tensorflow as tf  # noqa: PLC0415 - only where it computes

    return MIXED if tf.config.list_physical_devices("GPU") else FLOAT32
