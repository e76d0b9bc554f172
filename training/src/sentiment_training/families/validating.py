"""What networks say of themselves while they train, and choose their best numbers by."""

import numpy as np

from sentiment_training.families.family import Examples, FloatArray
from sentiment_training.metrics import losses

LOSS = "validation.loss"
"""Reported after each epoch or check, over all domains; a search prunes by it."""


def validation_figures(probability: FloatArray, validation: Examples) -> dict[str, float]:
    """Measure each domain apart; the loss to choose by is the mean over domains, so that none is drowned.

    Parameters
    ----------
    probability
        Of *positive*, shape (validation,).

    Returns
    -------
    dict
        `validation.NAME.loss` (natural logarithm) and `validation.NAME.accuracy` of each data set that has
        rows, and `validation.loss`.
    """
    lost = losses(probability, validation.labels)
    right = (probability >= 0.5) == validation.labels  # noqa: PLR2004 - the middle
    figures, by_domain = {}, []
    for number, name in enumerate(validation.names):
        here = validation.domains == number
        if here.any():
            by_domain.append(float(lost[here].mean()))
            figures[f"validation.{name}.loss"] = by_domain[-1]
            figures[f"validation.{name}.accuracy"] = float(right[here].mean())
    return figures | {LOSS: float(np.mean(by_domain))}
