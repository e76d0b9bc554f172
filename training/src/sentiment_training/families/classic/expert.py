"""An expert for one of several data sets: a mixture of two, told apart text by text.

A million tweets at large drown a few thousand to an airline, whatever those weigh: a word has one weight. So
a gate learns from the words which tweets are of that kind, and an expert what they mean there, given what
the general model, which has not seen them, makes of them::

    log-odds = general + gate · (expert - general)

Jacobs, Jordan, Nowlan and Hinton 1991, "Adaptive Mixtures of Local Experts"; here the parts are learned one
after the other, each a logistic regression. Both see words and the characters in them; these are only needed
in training, for their weights add up to one number a word (see `spelling`). So what is served is two more
weights a word.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, helper
from scipy.sparse import csr_matrix, hstack
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sentiment_training.errors import OptionError
from sentiment_training.families.classic.features import Counted, Vocabulary
from sentiment_training.families.classic.spelling import Spelling, by_root_of_words
from sentiment_training.families.family import BoolArray, FloatArray, IntArray
from sentiment_training.graph_writing import Constants

# Of the other texts, so many a text of the expert's kind are seen by the gate, and together they weigh so
# much more than those: the more, the less often it calls another kind its own. Chosen on validation rows.
_OTHERS_SEEN = 20
_OTHERS_WEIGH = 10.0
# Inverse strengths of the L2 penalties, chosen on validation rows.
_GATE_C, _EXPERT_C = 10.0, 10.0
_STEPS = 50


@dataclass(frozen=True)
class Expert:
    """A gate and an expert, both linear in the words of a text.

    Attributes
    ----------
    of_words
        Weights of each word that is a feature, shape (words, 2): the gate's and the expert's. In a text each
        counts 1 / √words.
    intercepts
        Log-odds of a text without words, shape (2,).
    trust
        What the expert multiplies the general model's log-odds by.
    """

    of_words: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]
    trust: float

    @classmethod
    def learn(cls, train: Counted, own: BoolArray, general: FloatArray, longest: int, seed: int) -> "Expert":
        """Learn both.

        Parameters
        ----------
        own
            Which texts are of the expert's kind, shape (n,).
        general
            Log-odds that a model which has not seen those gives each of them, shape (own,).
        longest
            Characters in the longest n-gram.
        """
        spelling = Spelling.of(train.vocabulary, longest, unit=True)
        gate = _Part.learn(spelling, *_to_tell_apart(train, own, seed), c=_GATE_C)
        mine = train.rows(np.flatnonzero(own))
        # Among themselves: what the others weigh against them is no matter of this penalty.
        weights = mine.weights / mine.weights.mean()
        expert = _Part.learn(spelling, mine, mine.labels, weights, beside=general, c=_EXPERT_C)
        return cls(
            np.stack([gate.of_words, expert.of_words], axis=1).astype(np.float32),
            np.array([gate.intercept, expert.intercept], np.float32),
            expert.beside,
        )

    def log_odds(self, general: FloatArray, counts: csr_matrix) -> FloatArray:
        """Mix what both say.

        Parameters
        ----------
        general
            Log-odds by the general model, shape (n,).
        counts
            Of the same texts.
        """
        gate, expert = (_words(counts, len(self.of_words)) @ self.of_words + self.intercepts).T
        mixed: FloatArray = general + expit(gate) * (self.trust * general + expert - general)
        return mixed

    def graph(
        self, ids: str, general: str, mixed: str, vocabulary: Vocabulary
    ) -> tuple[list[NodeProto], Constants]:
        """Build the graph from ids (batch, length) and log-odds (batch,) to mixed log-odds (batch,)."""
        used = vocabulary.used[: len(self.of_words)]
        table = np.zeros((vocabulary.ngrams.vocabulary, 3), np.float32)
        table[used] = np.column_stack([self.of_words, np.ones(len(used))])
        constants: dict[str, npt.NDArray[np.generic]] = {
            "expert_table": table,
            "expert_axis": np.array([1]),
            "expert_words_column": np.array(2),
            "expert_fewest": np.array(1, np.float32),
            "expert_trust_less_one": np.array(self.trust - 1, np.float32),
        }
        node = helper.make_node
        nodes = [
            node("Gather", ["expert_table", ids], ["expert_of_word"]),
            node("ReduceSum", ["expert_of_word", "expert_axis"], ["expert_sums"], keepdims=0),
            node("Gather", ["expert_sums", "expert_words_column"], ["expert_words"], axis=1),
            node("Max", ["expert_words", "expert_fewest"], ["expert_divided"]),
            node("Sqrt", ["expert_divided"], ["expert_root"]),
        ]
        for column, part in enumerate(("gate", "expert")):
            nodes += [
                node("Gather", ["expert_sums", f"{part}_column"], [f"{part}_sum"], axis=1),
                node("Div", [f"{part}_sum", "expert_root"], [f"{part}_mean"]),
                node("Add", [f"{part}_mean", f"{part}_intercept"], [f"{part}_log_odds"]),
            ]
            constants |= {
                f"{part}_column": np.array(column),
                f"{part}_intercept": self.intercepts[column],
            }
        nodes += [
            node("Sigmoid", ["gate_log_odds"], ["gate"]),
            node("Mul", [general, "expert_trust_less_one"], ["expert_of_general"]),
            node("Add", ["expert_of_general", "expert_log_odds"], ["expert_change"]),
            node("Mul", ["expert_change", "gate"], ["expert_change_here"]),
            node("Add", [general, "expert_change_here"], [mixed]),
        ]
        return nodes, constants


@dataclass(frozen=True)
class _Part:
    """A logistic regression on words, and on the characters in them.

    Attributes
    ----------
    beside
        Weight of the feature that stood beside the words; 0 where none did.
    """

    of_words: FloatArray
    intercept: float
    beside: float

    @classmethod
    def learn(
        cls,
        spelling: Spelling,
        texts: Counted,
        labels: BoolArray,
        weights: FloatArray,
        *,
        c: float,
        beside: FloatArray | None = None,
    ) -> "_Part":
        words = spelling.table.shape[0]
        blocks = [_words(texts.counts, words), spelling.block(texts.counts)]
        if beside is not None:
            blocks.append(csr_matrix(beside[:, np.newaxis]))
        estimator = LogisticRegression(solver="newton-cg", C=c, max_iter=_STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            estimator.fit(hstack(blocks, format="csr"), labels, sample_weight=weights)
        learned = estimator.coef_[0]
        end = words + spelling.columns
        of_words = learned[:words] + spelling.table @ learned[words:end]
        return cls(of_words, float(estimator.intercept_[0]), float(learned[end:].sum()))


EXPERT_OPTIONS = ("expert", "wide_expert")
"""Of any family, those that name a data set."""


def checked_kind(name: str, names: Sequence[str], option: str = "expert") -> int:
    """Return the place of a data set among those learned from.

    Parameters
    ----------
    option
        By which it was named.

    Raises
    ------
    OptionError
        If it is none of them, or the only one.
    """
    if name not in names:
        raise OptionError(
            f"{option}={name}: it is none of the data sets that are learned from ({', '.join(names)})"
        )
    if len(names) == 1:
        raise OptionError(
            f"{option}={name}: there is no other data set that its texts could be told apart from"
        )
    return names.index(name)


def _to_tell_apart(train: Counted, own: BoolArray, seed: int) -> tuple[Counted, BoolArray, FloatArray]:
    """Return texts of both kinds, which are the expert's, and what each counts."""
    others = np.flatnonzero(~own)
    seen = min(len(others), _OTHERS_SEEN * int(own.sum()))
    others = np.random.default_rng(seed).choice(others, seen, replace=False)
    chosen: IntArray = np.sort(np.concatenate([np.flatnonzero(own), others]))
    labels = own[chosen]
    return train.rows(chosen), labels, np.where(labels, 1.0, _OTHERS_WEIGH * labels.sum() / seen)


def _words(counts: csr_matrix, words: int) -> csr_matrix:
    """Known words of texts, each 1 / √words: float32, shape (n, words)."""
    found = counts[:, :words]
    return by_root_of_words(found, found)
