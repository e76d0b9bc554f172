"""Fine-tuning as one straight story: batches, a rate that rises and falls, checks, the best numbers kept."""
# ruff: noqa: PLC0415 - TensorFlow takes seconds to import, and comes with an extra

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from sentiment.batching import by_length
from sentiment_training.errors import DivergedError, OptionError
from sentiment_training.families.family import Examples, FloatArray, Work
from sentiment_training.families.teacher import Targets
from sentiment_training.families.transformer.batches import (
    Shown,
    even_batches,
    filled,
)
from sentiment_training.families.transformer.checkpoint import (
    Arrays,
    Place,
    digest,
    load,
    save,
)
from sentiment_training.families.transformer.network import compiles
from sentiment_training.families.transformer.options import TransformerOptions
from sentiment_training.families.transformer.temperature import cooled
from sentiment_training.families.transformer.tokens import Tokens
from sentiment_training.families.validating import LOSS, validation_figures

if TYPE_CHECKING:
    import keras

_SECONDS_BETWEEN_CHECKPOINTS = 300.0
_TOKENS_SCORED_AT_ONCE = 4_096
# A compiled network is compiled for each shape that it meets, which takes seconds: it meets few.
_ROWS_SCORED_AT_ONCE = 256
_TOKENS_OF_A_SHAPE = 16
_LARGEST_GRADIENT = 1.0  # norm over all weights, as BERT was fine-tuned
_STEPS_BETWEEN_REPORTS = 50


def fine_tune(
    model: "keras.Model",
    train: tuple[Tokens, Examples, Targets],
    validation: tuple[Tokens, Examples],
    options: TransformerOptions,
    work: Work,
) -> Mapping[str, float]:
    """Train a model in place, and leave it with the numbers of its smallest validation loss.

    A check scores the validation rows; the loss that counts is the mean of the data sets' losses, so that a
    small one is not forgotten, and it is taken with the temperature that is best there: a network grows too
    sure long before it stops learning to tell texts apart, and only that is mended at the end (Berta,
    Holzmüller, Jordan and Bach 2025, "Rethinking Early Stopping: Refine, Then Calibrate"). With `minutes`,
    the learning rate falls with the clock as well as with the steps, and reaches nothing when either is
    through.

    Returns
    -------
    Mapping
        What came of it, by name.

    Raises
    ------
    DivergedError
        If the answers are no numbers.
    OptionError
        If there are fewer batches than make one step.
    CheckpointError
        If what `work.checkpoints` holds is damaged, or began from other weights.
    """
    tokens, examples, targets = train
    compiled = compiles(options)
    multiple = _TOKENS_OF_A_SHAPE if compiled else 1
    shown = Shown(examples.weights, tokens.lengths, options, work.seed, whole=compiled)
    if options.accumulate > shown.total:
        raise OptionError(
            f"accumulate={options.accumulate} batches make one step, and there are {shown.total} in all "
            "epochs: nothing would be learned; give fewer"
        )
    optimizer = _prepared(model, options, compiled=compiled)
    variables = [*model.variables, *optimizer.variables]
    place, best = Place(), _numbers(model)
    began_from = "" if work.checkpoints is None else digest([*best, targets], examples, validation[1])
    if work.checkpoints is not None and (kept := load(work.checkpoints, began_from, variables)):
        place, best = kept
    began, saved = time.monotonic() - place.seconds, place.seconds
    losses: list[float] = []

    def share_done() -> float:
        by_clock = place.seconds / (60 * options.minutes / options.members) if options.minutes else 0.0
        return max(place.step / shown.total, by_clock)

    with work.progress.step("fine-tune", shown.total) as advance:
        told = 0
        while (done := share_done()) < 1 and place.bad_checks < options.patience:
            # Of batches or of minutes, whichever ends first: the time left is right in both.
            reached = int(done * shown.total)
            advance(reached - told)
            told = reached
            optimizer.learning_rate.assign(options.learning_rate * _rate(done, options.warmup))
            rows, shares = shown.batch(place.step)
            given = tokens.batch(rows, multiple)
            losses.append(float(model.train_on_batch(given, targets[rows, np.newaxis], sample_weight=shares)))
            place = replace(place, step=place.step + 1, seconds=time.monotonic() - began)
            if place.step % _STEPS_BETWEEN_REPORTS == 0:
                work.report("train.loss", float(np.mean(losses)), place.step)
                losses.clear()
            if due := shown.check_is_due(place.step):
                place, best = _checked(model, validation, place, best, work, compiled)
            if work.checkpoints and (due or place.seconds - saved > _SECONDS_BETWEEN_CHECKPOINTS):
                work.keep(partial(save, work.checkpoints, began_from, place, variables, best))
                saved = place.seconds
    if not shown.check_is_due(place.step):  # the time was up between two checks
        place, best = _checked(model, validation, place, best, work, compiled)
    for variable, value in zip(model.variables, best, strict=True):
        variable.assign(value)
    return {
        "steps": place.step,
        "best_step": place.best_step,
        "tweets_a_second": round(place.step * options.batch / max(place.seconds, 1e-9), 1),
    }


def _prepared(model: "keras.Model", options: TransformerOptions, *, compiled: bool) -> Any:  # noqa: ANN401 - Keras ships no types
    """Give the model its loss and its optimizer, and return the optimizer."""
    import keras

    optimizer = keras.optimizers.AdamW(
        options.learning_rate,
        weight_decay=options.weight_decay,
        global_clipnorm=_LARGEST_GRADIENT,
        gradient_accumulation_steps=options.accumulate if options.accumulate > 1 else None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=compiled)
    return optimizer


def log_odds(
    model: "keras.Model",
    tokens: Tokens,
    advance: Callable[[int], None] = lambda _n: None,
    *,
    compiled: bool = False,
) -> FloatArray:
    """Log-odds of *positive* for each text, shape (n,).

    Parameters
    ----------
    compiled
        Whether the model is (`network.compiles`).
    """
    result = np.empty(len(tokens))
    if compiled:
        for rows in even_batches(tokens.lengths, _ROWS_SCORED_AT_ONCE):
            given = tokens.batch(filled(rows, _ROWS_SCORED_AT_ONCE), _TOKENS_OF_A_SHAPE)
            result[rows] = np.asarray(model.predict_on_batch(given))[: len(rows), 0]
            advance(len(rows))
        return result
    for places in by_length(tokens.lengths.tolist(), _TOKENS_SCORED_AT_ONCE):
        rows = np.array(places)
        result[rows] = np.asarray(model.predict_on_batch(tokens.batch(rows)))[:, 0]
        advance(len(rows))
    return result


def _checked(
    model: "keras.Model",
    validation: tuple[Tokens, Examples],
    place: Place,
    best: Arrays,
    work: Work,
    compiled: bool,
) -> tuple[Place, Arrays]:
    tokens, examples = validation
    with work.progress.step("check", len(examples)) as advance:
        scores = log_odds(model, tokens, advance, compiled=compiled)
    if not np.isfinite(scores).all():
        raise DivergedError(
            f"after {place.step} steps the network's answers are no numbers; give a lower learning_rate"
        )
    probability = expit(cooled(scores, examples) * scores)
    figures = validation_figures(probability, examples)
    for name, value in figures.items():
        work.report(name, value, place.step)
    loss = figures[LOSS]
    if loss < place.best_loss:
        return replace(place, best_loss=loss, best_step=place.step, bad_checks=0), _numbers(model)
    return replace(place, bad_checks=place.bad_checks + 1), best


def _numbers(model: "keras.Model") -> Arrays:
    # Copied: JAX lends its own, and reuses them at the next step.
    return [np.asarray(each).copy() for each in model.variables]


def _rate(done: float, warmup: float) -> float:
    """Rise in a line to 1, then fall in a line to 0."""
    return done / warmup if done < warmup else (1 - done) / (1 - warmup)
