"""A fine-tuned transformer: scored by Keras, exported as a graph of our own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import expit
from tokenizers import Tokenizer

from sentiment import Bundle, Provenance, write_bundle
from sentiment_training.encoders.bert_graph import encode
from sentiment_training.encoders.bert_weights import Dense, EncoderWeights
from sentiment_training.encoders.pooling import mean_of_tokens
from sentiment_training.families.family import FloatArray
from sentiment_training.families.transformer.network import build, compiles, set_head
from sentiment_training.families.transformer.options import (
    FLOAT32,
    INT8,
    MEAN,
    TransformerOptions,
)
from sentiment_training.families.transformer.tokens import Tokens
from sentiment_training.families.transformer.training import log_odds
from sentiment_training.families.wide import CALIBRATION, Wide
from sentiment_training.graph_writing import IDS, MASK, GraphWriter

_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Member:
    """One network: every number of its encoder, and of the dense unit on it."""

    encoder: EncoderWeights
    head: Dense

    def times(self, factor: float) -> "Member":
        """Return the same network, its log-odds so many times as large."""
        by = np.float32(factor)
        return replace(self, head=Dense(self.head.kernel * by, self.head.bias * by))


@dataclass(frozen=True)
class TransformerModel:
    """What fine-tuning left.

    Attributes
    ----------
    members
        Networks whose mean log-odds answer.
    found
        What came of the training, by name.
    score
        Gives the log-odds of *positive*, as Keras computes them in float32.
    wide
        N-grams that answer with them.
    """

    options: TransformerOptions
    tokenizer: Tokenizer
    members: Sequence[Member]
    found: Mapping[str, str | int | float]
    score: Callable[[Tokens], FloatArray]
    wide: Wide | None = None

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, and what came of it."""
        chosen = {name: value for name, value in asdict(self.options).items() if name != "weights"}
        wide = {} if self.wide is None else self.wide.parameters
        return {
            "started_from": Path(self.options.weights).name,
            **chosen,
            **self.found,
            "vocabulary": len(self.members[0].encoder.tokens),
            "layers": len(self.members[0].encoder.layers),
            **wide,
        }

    @property
    def tolerance(self) -> float | None:
        """How far bundle and trainer may be apart; None where the bundle is quantised."""
        return None if self.options.export == INT8 else _TOLERANCE

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """Score texts with Keras, in float32: probability of *positive*, shape (n,)."""
        tokens = Tokens.of(self.tokenizer, texts)
        scores = self.score(tokens)
        return expit(scores) if self.wide is None else self.wide.mixed(scores, tokens.numbered_from_one())

    def export(self, folder: Path, golden_texts: Sequence[str], provenance: Provenance) -> Bundle:
        """Write the bundle into a new folder and open it."""
        graph, answer = graph_of(self.members, self.options, self.wide)
        return write_bundle(
            folder,
            family="transformer",
            tokenizer=self.tokenizer,
            graph=graph.served("transformer", answer),
            golden_texts=golden_texts,
            golden_tolerance=graph.tolerance,
            provenance=provenance,
            calibration="temperature" if self.wide is None else CALIBRATION,
        )


def graph_of(
    members: Sequence[Member], options: TransformerOptions, wide: Wide | None = None
) -> tuple[GraphWriter, str]:
    """Write a bundle's graph: the members side by side, their mean, and n-grams beside it.

    Returns
    -------
    tuple
        The graph, and its tensor of probabilities.
    """
    graph = GraphWriter()
    scores = [
        _log_odds_of(graph, member, options, prefix_of(number)) for number, member in enumerate(members)
    ]
    answer = scores[0]
    if len(scores) > 1:
        answer = graph.node("Div", graph.node("Sum", *scores), graph.scalar(float(len(scores))))
    if wide is not None:
        from_one = graph.node("Mul", graph.node("Add", IDS, graph.integer(1)), MASK)
        answer = wide.joined(graph, answer, from_one)
    return graph, graph.node("Sigmoid", answer)


def prefix_of(member: int) -> str:
    """Return what a member's weights have before their names in a graph; the first, as if alone, nothing."""
    return "" if member == 0 else f"member.{member}."


def _log_odds_of(graph: GraphWriter, member: Member, options: TransformerOptions, prefix: str) -> str:
    """One vector a text, and a dense unit on it."""
    *_, states = encode(graph, member.encoder, quantised=options.export == INT8, prefix=prefix)
    features = mean_of_tokens(graph, states)
    if options.pooling != MEAN:
        first = graph.node("Gather", states, graph.integer(0), axis=1)
        features = graph.node("Concat", features, first, axis=1)
    score = graph.dense(features, f"{prefix}head", member.head.kernel, member.head.bias)
    return graph.node("Squeeze", score, graph.integers(1))


def scorer(members: Sequence[Member], options: TransformerOptions) -> Callable[[Tokens], FloatArray]:
    """Return what gives tokens' log-odds with Keras in full precision, whatever the training's was."""
    models = []
    for member in members:
        model = build(member.encoder, replace(options, dropout=0.0), FLOAT32)
        set_head(model, member.head)
        models.append(model)
    compiled = compiles(options)

    def score(tokens: Tokens) -> FloatArray:
        mean: FloatArray = np.mean([log_odds(each, tokens, compiled=compiled) for each in models], axis=0)
        return mean

    return score
