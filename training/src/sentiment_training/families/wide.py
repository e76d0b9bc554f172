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

from sentiment_training.families.classic.tokens import LaidOut
from sentiment_training.families.family import Examples, FloatArray, Number, Option
from sentiment_training.families.version import Version
from sentiment_training.families.wide_ngrams import KeptNgrams, Ngrams
from sentiment_training.graph_writing import IDS, GraphWriter

_PREFIX = "wide_"
_NGRAMS_SHARE = "wide_share"

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


# How `weighed` calibrates what both sides say: Platt scaling, of two scores at once.
CALIBRATION = "sigmoid"


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

    ngrams: Ngrams
    shares: npt.NDArray[np.float32]
    intercept: np.float32

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """What came of it, to be logged."""
        return {
            "wide.ngrams": self.ngrams.columns,
            "wide.network_share": float(self.shares[0]),
            "wide.ngrams_share": float(self.shares[1]),
        }

    def mixed(self, network: FloatArray, tokens: LaidOut) -> FloatArray:
        """Return the probability that both sides give texts, from the network's log-odds."""
        log_odds = np.stack([network, self.ngrams.log_odds(tokens)], axis=1)
        probability: FloatArray = expit(log_odds @ self.shares + self.intercept)
        return probability

    def joined(self, graph: GraphWriter, network: str, ids: str = IDS) -> str:
        """Write how ids, padded with 0, and the network's log-odds, shape (batch,), give the mixed ones."""
        nodes, constants, log_odds = self.ngrams.nodes()
        for each in nodes:
            each.input[:] = [ids if name == IDS else _PREFIX + name for name in each.input]
            each.output[:] = [_PREFIX + name for name in each.output]
        graph.nodes += nodes
        graph.constants |= {_PREFIX + name: value for name, value in constants.items()}
        of_network = graph.node("Mul", network, graph.constant("network_share", self.shares[0]))
        of_ngrams = graph.node("Mul", _PREFIX + log_odds, graph.constant(_NGRAMS_SHARE, self.shares[1]))
        both = graph.node("Add", of_network, of_ngrams)
        return graph.node("Add", both, graph.constant("both_intercept", self.intercept))


def weighed(ngrams: Ngrams, network: FloatArray, tokens: LaidOut, validation: Examples) -> Wide:
    """Choose both sides' shares on validation rows, each data set counting the same.

    Parameters
    ----------
    network
        Log-odds of *positive* by the network, shape (validation,).
    tokens
        Of `validation`.
    """
    log_odds = np.stack([network, ngrams.log_odds(tokens)], axis=1)
    found = LogisticRegression().fit(log_odds, validation.labels, sample_weight=validation.evened())
    return Wide(ngrams, found.coef_[0].astype(np.float32), np.float32(found.intercept_[0]))


def kept_ngrams(version: Version) -> KeptNgrams | None:
    """Read back what `Wide.joined` wrote beside a network; None where it wrote nothing."""
    if _NGRAMS_SHARE not in version.constants:
        return None
    nodes = [each for each in version.graph.node if each.output[0].startswith(_PREFIX)]
    constants = {
        name.removeprefix(_PREFIX): value
        for name, value in version.constants.items()
        if name.startswith(_PREFIX) and name != _NGRAMS_SHARE
    }
    answer = next(each.input[0] for each in version.graph.node if _NGRAMS_SHARE in each.input)
    return KeptNgrams.of(nodes, constants, answer, _PREFIX)
