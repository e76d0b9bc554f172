"""How sure a network may be: it learns its own rows too well, and is surer than it is right."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from sentiment_training.families.family import Examples, FloatArray


def cooled(log_odds: FloatArray, validation: Examples) -> float:
    """Return what log-odds are to be multiplied by, so that probabilities are what they say.

    No answer changes sides. It is the inverse of the temperature of Guo et al. 2017, "On Calibration of
    Modern Neural Networks", found on rows that were not learned, each data set counting the same.

    Parameters
    ----------
    log_odds
        Of *positive*, shape (validation,).

    Returns
    -------
    float
        Above 0; 1 where the rows hold one class alone or the answers are mostly wrong, and nothing is known.
    """
    if len(set(validation.labels.tolist())) < 2:  # noqa: PLR2004 - both classes
        return 1.0
    # Its usual penalty is nothing to a thousand rows, and keeps a few that are all right from certainty.
    found = LogisticRegression(fit_intercept=False).fit(
        log_odds[:, np.newaxis], validation.labels, sample_weight=validation.evened()
    )
    factor = float(found.coef_[0, 0])
    return factor if factor > 0 else 1.0
