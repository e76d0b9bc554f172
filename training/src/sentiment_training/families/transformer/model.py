"""A fine-tuned transformer: scored by Keras, exported as a graph of our own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from scipy.special import expit
from tokenizers import Tokenizer

from sentiment import Bundle, Provenance, write_bundle
from sentiment_training.encoders.bert_graph import encode
from sentiment_training.encoders.bert_weights import Dense, EncoderWeights
from sentiment_training.encoders.pooling import mean_of_tokens
from sentiment_training.families.family import FloatArray
from sentiment_training.families.transformer.network import build, set_head
from sentiment_training.families.transformer.options import (
    FLOAT32,
    INT8,
    MEAN,
    TransformerOptions,
)
from sentiment_training.families.transformer.tokens import Tokens
from sentiment_training.families.transformer.training import log_odds
from sentiment_training.families.wide import Wide
from sentiment_training.graph_writing import IDS, MASK, GraphWriter

_TOLERANCE = 1e-4


@dataclass(frozen=True)
class TransformerModel:
    """What fine-tuning left.

    Attributes
    ----------
    encoder, head
        Every number.
    found
        What came of the training, by name.
    score
        Gives the log-odds of *positive*, as Keras computes them in float32.
    wide
        N-grams that answer with it.
    """

    options: TransformerOptions
    tokenizer: Tokenizer
    encoder: EncoderWeights
    head: Dense
    found: Mapping[str, str | int | float]
    score: Callable[[Tokens], FloatArray]
    wide: Wide | None = None

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, and what came of it."""
        # The run itself has a parameter `weights`: those of its data sets. A folder goes by its own name.
        chosen = {name: value for name, value in asdict(self.options).items() if name != "weights"}
        started_from = Path(self.options.weights).name
        wide = {} if self.wide is None else self.wide.parameters
        return {
            "started_from": started_from,
            **chosen,
            **self.found,
            "layers": len(self.encoder.layers),
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
        return write_bundle(
            folder,
            family="transformer",
            tokenizer=self.tokenizer,
            graph=graph_of(self.encoder, self.head, self.options, self.wide),
            golden_texts=golden_texts,
            provenance=provenance,
        )


def graph_of(
    encoder: EncoderWeights, head: Dense, options: TransformerOptions, wide: Wide | None = None
) -> bytes:
    """Write a bundle's graph: the encoder, one vector a text, a dense unit on it, and n-grams beside it."""
    graph = GraphWriter()
    states = encode(graph, encoder, quantised=options.export == INT8)
    features = mean_of_tokens(graph, states)
    if options.pooling != MEAN:
        first = graph.node("Gather", states, graph.integer(0), axis=1)
        features = graph.node("Concat", features, first, axis=1)
    score = graph.dense(features, "head", head.kernel, head.bias)
    answer = graph.node("Squeeze", score, graph.integers(1))
    if wide is not None:
        from_one = graph.node("Mul", graph.node("Add", IDS, graph.integer(1)), MASK)
        answer = wide.joined(graph, answer, from_one)
    return graph.served("transformer", graph.node("Sigmoid", answer))


def scorer(
    encoder: EncoderWeights, head: Dense, options: TransformerOptions
) -> Callable[[Tokens], FloatArray]:
    """Return what gives tokens' log-odds with Keras in full precision, whatever the training's was."""
    model = build(encoder, replace(options, dropout=0.0), FLOAT32)
    set_head(model, head)
    return lambda tokens: log_odds(model, tokens)
