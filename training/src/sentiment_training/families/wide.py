"""A logistic regression on n-grams beside a network: one remembers what is often said, the other reads on.

Both see the same tokens and are learned apart; then their log-odds are weighed on the validation rows, each
data set counting the same::

    log-odds = share · network + share · n-grams + intercept

Cheng et al. 2016, "Wide & Deep Learning for Recommender Systems", for the two sides; Wolpert 1992, "Stacked
generalization", for how they are joined. (Learned together, the n-grams would fit what the network has not
yet learned.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from sentiment_training.families.classic.features import Vocabulary
from sentiment_training.families.classic.linear import LinearModel
from sentiment_training.families.classic.linear_graph import log_odds_nodes
from sentiment_training.families.classic.logreg import LogregFamily
from sentiment_training.families.classic.tokens import LaidOut
from sentiment_training.families.family import Examples, FloatArray, Number, Option, Work
from sentiment_training.graph_writing import IDS, GraphWriter

_PREFIX = "wide_"

# Of four bytes each: with a network of the usual size, a bundle stays below 20 MB.
_BUCKET_BITS = 21

WIDE_OPTIONS: Mapping[str, Option] = {
    "wide": Number(
        int,
        0,
        4,
        "words or pieces in the longest n-gram of a logistic regression that answers with the network; "
        "0 is none",
    ),
    "wide_c": Number(float, 1e-4, 1e4, "its inverse strength of the L2 penalty"),
}


@dataclass(frozen=True)
class Wide:
    """The n-grams' side.

    Attributes
    ----------
    shares
        What the log-odds of the network and of the n-grams are multiplied by, shape (2,).
    intercept
        What is added to their sum.
    """

    model: LinearModel
    shares: npt.NDArray[np.float32]
    intercept: np.float32

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """What came of it, to be logged."""
        return {
            "wide.ngrams": self.model.preparation.features.vocabulary.tables["columns"],
            "wide.network_share": float(self.shares[0]),
            "wide.ngrams_share": float(self.shares[1]),
        }

    def mixed(self, network: FloatArray, tokens: LaidOut) -> FloatArray:
        """Return the probability that both sides give texts, from the network's log-odds."""
        log_odds = _side_by_side(network, self.model, tokens)
        probability: FloatArray = expit(log_odds @ self.shares + self.intercept)
        return probability

    def joined(self, graph: GraphWriter, network: str, ids: str = IDS) -> str:
        """Write how ids, padded with 0, and the network's log-odds, shape (batch,), give the mixed ones."""
        linear = self.model
        nodes, constants, log_odds = log_odds_nodes(
            linear.preparation,
            linear.classifier.weights,
            linear.classifier.slope,
            linear.classifier.intercept,
            linear.expert,
        )
        for each in nodes:
            each.input[:] = [ids if name == IDS else _PREFIX + name for name in each.input]
            each.output[:] = [_PREFIX + name for name in each.output]
        graph.nodes += nodes
        graph.constants |= {_PREFIX + name: value for name, value in constants.items()}
        of_network = graph.node("Mul", network, graph.constant("network_share", self.shares[0]))
        of_ngrams = graph.node("Mul", _PREFIX + log_odds, graph.constant("wide_share", self.shares[1]))
        both = graph.node("Add", of_network, of_ngrams)
        return graph.node("Add", both, graph.constant("both_intercept", self.intercept))


def learn_linear(
    tokenizer: Tokenizer,
    train: Examples,
    tokens: LaidOut,
    longest: int,
    c: float,
    work: Work,
    size: int | None = None,
) -> LinearModel:
    """Learn the n-grams of tokens, and what each is worth.

    Parameters
    ----------
    tokens
        Of `train`; an id of 0 is no token.
    longest, c
        What the options `wide` and `wide_c` say.
    size
        The number of ids, where they are not the tokenizer's own.
    """
    family = LogregFamily()
    given = {"c": str(c), "bucket_bits": str(_BUCKET_BITS)}
    with work.progress.step("n-grams"):
        counted = Vocabulary.of_tokens(
            train, tokenizer, (tokens.ids, tokens.lengths), longest, family.chosen(given), size=size
        )
    return family.fit_counted(counted, None, given, work)


def weighed(linear: LinearModel, network: FloatArray, tokens: LaidOut, validation: Examples) -> Wide:
    """Choose both sides' shares on validation rows, each data set counting the same.

    Parameters
    ----------
    network
        Log-odds of *positive* by the network, shape (validation,).
    tokens
        Of `validation`.
    """
    log_odds = _side_by_side(network, linear, tokens)
    found = LogisticRegression().fit(log_odds, validation.labels, sample_weight=validation.evened())
    return Wide(linear, found.coef_[0].astype(np.float32), np.float32(found.intercept_[0]))


def _side_by_side(network: FloatArray, linear: LinearModel, tokens: LaidOut) -> FloatArray:
    """Log-odds of both sides, shape (n, 2)."""
    vocabulary = linear.preparation.features.vocabulary
    counts = vocabulary.ngrams.counts(tokens.ids, tokens.lengths, vocabulary.used)
    return np.stack([network, linear.log_odds(counts)], axis=1)
