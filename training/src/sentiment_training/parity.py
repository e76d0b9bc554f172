"""Checks that the exported bundle computes what was trained."""

import math
from collections.abc import Sequence

import numpy as np

from sentiment import Bundle
from sentiment_training.errors import ParityError
from sentiment_training.evaluation import probabilities
from sentiment_training.families import FittedModel
from sentiment_training.golden import GOLDEN_TEXTS
from sentiment_training.metrics import BoolArray
from sentiment_training.progress import Progress

# Enough that a fault in one text of a thousand is met with certainty.
CHECKED_TEXTS = 5_000
LARGEST_ACCURACY_LOSS = 0.003


def check_parity(
    model: FittedModel, bundle: Bundle, texts: Sequence[str], labels: BoolArray, progress: Progress
) -> float:
    """Compare the bundle with what was trained, on texts that it has not seen.

    Parameters
    ----------
    texts, labels
        Of which up to 5,000 are taken, evenly; the golden texts are compared too.

    Returns
    -------
    float
        The largest difference between two probabilities.

    Raises
    ------
    ParityError
        If it is more than the model's tolerance; or, where the export is quantised, if the bundle's accuracy
        is more than 0.003 below the trainer's, and by more than one text.
    """
    every = max(1, math.ceil(len(texts) / CHECKED_TEXTS))
    checked, labelled = [*texts[::every], *GOLDEN_TEXTS], labels[::every]
    expected = probabilities(model.probabilities, checked, progress, "score by trainer")
    given = probabilities(bundle.probabilities, checked, progress, "score by bundle")
    gaps = np.abs(expected - given)
    worst = int(np.argmax(gaps))
    if model.tolerance is None:
        n, threshold = len(labelled), bundle.manifest.threshold
        before = int(((expected[:n] >= threshold) == labelled).sum())
        after = int(((given[:n] >= threshold) == labelled).sum())
        # Of a few hundred texts one is more than that share already.
        if np.isnan(gaps).any() or before - after > max(1, LARGEST_ACCURACY_LOSS * n):
            raise ParityError(
                f"the quantised bundle's accuracy on {n:,} held-out texts is {after / n:.4f}, the trained "
                f"model's {before / n:.4f}: more than {LARGEST_ACCURACY_LOSS:g} was lost; nothing was "
                "registered, train without quantisation"
            )
    # Not "greater": a gap that is no number must fail too.
    elif not gaps[worst] <= model.tolerance:
        raise ParityError(
            f"the exported bundle gives {given[worst]:.6f} where the trained model gives "
            f"{expected[worst]:.6f} (text {worst + 1:,} of {len(checked):,}; "
            f"{int((~(gaps <= model.tolerance)).sum()):,} differ by more "
            f"than {model.tolerance:g}); nothing was registered, and the family's export needs mending"
        )
    return float(gaps[worst])
