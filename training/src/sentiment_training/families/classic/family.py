"""What the classic families offer beside every family's interface: to learn from what is already counted."""

from collections.abc import Mapping
from typing import Protocol

from sentiment_training.families.classic.features import Counted
from sentiment_training.families.family import Family, FittedModel, FloatArray, Work


class ClassicModel(FittedModel, Protocol):
    """A fitted classic model."""

    def probabilities_of(self, counted: Counted) -> FloatArray:
        """Score texts that the vocabulary of the training has counted: shape (n,)."""
        ...


class ClassicFamily(Family, Protocol):
    """A family that learns from counted n-grams; so several can share one counting."""

    def fit_counted(
        self, train: Counted, validation: Counted | None, options: Mapping[str, str], work: Work
    ) -> ClassicModel:
        """Train on what one vocabulary has counted; options of the vocabulary are without effect.

        Parameters
        ----------
        validation
            Rows that are not learned from; None unless the family needs them.
        """
        ...
