"""The n-grams that answer beside a network: learned from the same tokens, or kept from a version."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import onnxruntime
from onnx import NodeProto
from tokenizers import Tokenizer

from sentiment_training.families.classic.features import Vocabulary
from sentiment_training.families.classic.linear import LinearModel
from sentiment_training.families.classic.linear_graph import log_odds_nodes
from sentiment_training.families.classic.logreg import LogregFamily
from sentiment_training.families.classic.tokens import LaidOut
from sentiment_training.families.family import Examples, FloatArray, Work
from sentiment_training.graph_writing import IDS, Constants, GraphWriter

# Of four bytes each: with a network of the usual size, a bundle stays below 20 MB.
_BUCKET_BITS = 21
# Texts that are scored at once, padded to the longest.
_AT_ONCE = 1_024


class Ngrams(Protocol):
    """One weight an n-gram."""

    @property
    def columns(self) -> int:
        """How many n-grams have a weight."""
        ...

    def log_odds(self, tokens: LaidOut) -> FloatArray:
        """Score texts: log-odds of *positive*, shape (n,). An id of 0 is no token."""
        ...

    def nodes(self) -> tuple[list[NodeProto], Constants, str]:
        """Return nodes of their own from `ids`, their constants, and the tensor of the log-odds."""
        ...


@dataclass(frozen=True)
class LearnedNgrams:
    """A logistic regression, as scikit-learn left it."""

    model: LinearModel

    @classmethod
    def learn(
        cls,
        tokenizer: Tokenizer,
        train: Examples,
        tokens: LaidOut,
        longest: int,
        c: float,
        work: Work,
        *,
        size: int | None = None,
        expert: str = "",
    ) -> "LearnedNgrams":
        """Learn the n-grams of tokens, and what each is worth.

        Parameters
        ----------
        tokens
            Of `train`; an id of 0 is no token.
        longest, c, expert
            What the options `wide`, `wide_c` and `wide_expert` say.
        size
            The number of ids, where they are not the tokenizer's own.
        """
        family = LogregFamily()
        given = {"c": str(c), "bucket_bits": str(_BUCKET_BITS), "expert": expert}
        with work.progress.step("n-grams"):
            counted = Vocabulary.of_tokens(
                train, tokenizer, (tokens.ids, tokens.lengths), longest, family.chosen(given), size=size
            )
        return cls(family.fit_counted(counted, None, given, work))

    @property
    def columns(self) -> int:
        """How many n-grams have a weight."""
        return len(self.model.preparation.features.vocabulary.used)

    def log_odds(self, tokens: LaidOut) -> FloatArray:
        """Score texts by scikit-learn."""
        vocabulary = self.model.preparation.features.vocabulary
        counts = vocabulary.ngrams.counts(tokens.ids, tokens.lengths, vocabulary.used)
        return self.model.log_odds(counts)

    def nodes(self) -> tuple[list[NodeProto], Constants, str]:
        """Write the graph."""
        model = self.model
        return log_odds_nodes(
            model.preparation,
            model.classifier.weights,
            model.classifier.slope,
            model.classifier.intercept,
            model.expert,
        )


@dataclass(frozen=True)
class KeptNgrams:
    """The part of a version's graph that its n-grams are: run, and written again, as it was."""

    kept: Sequence[NodeProto]
    constants: Constants
    answer: str

    @classmethod
    def of(cls, nodes: Sequence[NodeProto], constants: Constants, answer: str, prefix: str) -> "KeptNgrams":
        """Take them out of a graph in which the names of all but `ids` begin with a prefix.

        Parameters
        ----------
        constants
            By their names without it.
        answer
            The tensor of the log-odds.
        """
        kept = [deepcopy(each) for each in nodes]
        for each in kept:
            each.input[:] = [name.removeprefix(prefix) for name in each.input]
            each.output[:] = [name.removeprefix(prefix) for name in each.output]
        return cls(kept, constants, answer.removeprefix(prefix))

    @property
    def columns(self) -> int:
        """How many n-grams have a weight."""
        return int(np.count_nonzero(self.constants["weights"]))

    def log_odds(self, tokens: LaidOut) -> FloatArray:
        """Score texts by the graph."""
        found = np.empty(len(tokens))
        for start in range(0, len(tokens), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            found[rows] = self._session.run([self.answer], {IDS: tokens.matrix(rows)})[0]
        return found

    def nodes(self) -> tuple[list[NodeProto], Constants, str]:
        """Return a copy of the graph's part."""
        return [deepcopy(each) for each in self.kept], self.constants, self.answer

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        nodes, constants, answer = self.nodes()
        model = GraphWriter(nodes, {**constants}).model("n-grams", [IDS], {answer: (answer, ["batch"])})
        return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
