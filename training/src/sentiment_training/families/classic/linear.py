"""What naive Bayes, logistic regression and linear SVM leave training as: one weight a feature."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from scipy.sparse import csr_matrix
from scipy.special import expit

from sentiment import Bundle, Provenance, write_bundle
from sentiment_training.families.classic.expert import Expert
from sentiment_training.families.classic.features import (
    BOTH,
    CHARACTER,
    FEATURE_OPTIONS,
    WORD,
    Counted,
    FeatureOptions,
)
from sentiment_training.families.classic.linear_graph import linear_graph
from sentiment_training.families.classic.preparation import Preparation
from sentiment_training.families.classic.tokens import padded
from sentiment_training.families.family import Choice, FloatArray, Option, Switch


class LinearClassifier(Protocol):
    """A classifier of scikit-learn's with probability = sigmoid(slope · Σ weight·feature + intercept)."""

    @property
    def weights(self) -> FloatArray:
        """One a feature."""
        ...

    @property
    def slope(self) -> float:
        """What calibration multiplies by."""
        ...

    @property
    def intercept(self) -> float:
        """Log-odds of a text without features."""
        ...

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """What came of the fit, to be logged."""
        ...

    def probabilities(self, features: csr_matrix) -> FloatArray:
        """Score by scikit-learn: probability of *positive*, shape (n,)."""
        ...


@dataclass(frozen=True)
class LinearOptions(FeatureOptions):
    """What the linear families share."""

    nb_weights: bool = False


BOTH_ANALYZERS: dict[str, Option] = {
    "analyzer": Choice(
        (WORD, CHARACTER, BOTH), "n-grams of words, of characters, or of words and of the characters in them"
    )
}
LINEAR_OPTIONS = (
    FEATURE_OPTIONS
    | BOTH_ANALYZERS
    | {"nb_weights": Switch("weigh each n-gram by its naive Bayes log-count ratio (Wang and Manning 2012)")}
)


@dataclass(frozen=True)
class LinearModel:
    """A fitted pipeline: tokens → n-grams → weights → linear classifier, and perhaps an expert beside it."""

    family: str
    options: FeatureOptions
    preparation: Preparation
    classifier: LinearClassifier
    expert: Expert | None = None
    tolerance: ClassVar[float] = 1e-5

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, and what came of it."""
        return (
            asdict(self.options)
            | self.preparation.features.vocabulary.tables
            | dict(self.classifier.parameters)
        )

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """Score texts with scikit-learn: probability of *positive*, shape (n,)."""
        return self._scored(self.preparation.features.vocabulary.counts(texts))

    def probabilities_of(self, counted: Counted) -> FloatArray:
        """Score texts that the model's vocabulary has counted."""
        return self._scored(counted.counts)

    def _scored(self, counts: csr_matrix) -> FloatArray:
        if self.expert is None:
            return self.classifier.probabilities(self.preparation.weighed(counts))
        probability: FloatArray = expit(self.log_odds(counts))
        return probability

    def log_odds(self, counts: csr_matrix) -> FloatArray:
        """Score what the model's vocabulary has counted: log-odds of *positive*, shape (n,)."""
        features = self.preparation.weighed(counts)
        general: FloatArray = (
            features @ self.classifier.weights * self.classifier.slope + self.classifier.intercept
        )
        return general if self.expert is None else self.expert.log_odds(general, counts)

    def export(self, folder: Path, golden_texts: Sequence[str], provenance: Provenance) -> Bundle:
        """Write the bundle into a new folder and open it."""
        return write_bundle(
            folder,
            family=self.family,
            tokenizer=padded(self.preparation.features.vocabulary.tokenizer),
            graph=linear_graph(
                self.preparation,
                self.classifier.weights,
                self.classifier.slope,
                self.classifier.intercept,
                self.expert,
            ),
            golden_texts=golden_texts,
            provenance=provenance,
            calibration="none" if self.classifier.slope == 1 else "sigmoid",
        )
