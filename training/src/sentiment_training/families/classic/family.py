"""What the classic families offer beside every family's interface: to learn from what is already counted."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, Protocol, TypeVar

from sentiment_training.families.classic.features import Counted, FeatureOptions, Vocabulary, check_features
from sentiment_training.families.family import (
    Examples,
    Family,
    FittedModel,
    FloatArray,
    Option,
    Work,
    option_help,
    parse_options,
)

Chosen = TypeVar("Chosen", bound=FeatureOptions)


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


class FromCounts(ABC, Generic[Chosen]):
    """What the classic families share: their options, and counting before learning.

    Attributes
    ----------
    defaults
        Every choice.
    known
        What each takes.
    """

    defaults: Chosen
    known: ClassVar[Mapping[str, Option]]

    def option_help(self) -> Mapping[str, str]:
        """Each option's name, with a sentence and its default."""
        return option_help(self.defaults, self.known)

    def check(self, options: Mapping[str, str]) -> None:
        """Raise OptionError if `fit` would not take these options."""
        check_features(self.chosen(options))

    def chosen(self, options: Mapping[str, str]) -> Chosen:
        """Read options; those not given keep their defaults."""
        return parse_options(self.defaults, self.known, options)

    def fit(
        self,
        train: Examples,
        validation: Examples,  # noqa: ARG002 - a family that chooses by it has a `fit` of its own
        options: Mapping[str, str],
        work: Work,
    ) -> ClassicModel:
        """Count, and learn from the counts."""
        counted = Vocabulary.learn(train, self.chosen(options), work.progress)
        return self.fit_counted(counted, None, options, work)

    @abstractmethod
    def fit_counted(
        self, train: Counted, validation: Counted | None, options: Mapping[str, str], work: Work
    ) -> ClassicModel:
        """Learn from what was counted."""
