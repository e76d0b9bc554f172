"""A frozen sentence encoder and a small dense head: scikit-learn trains the head, one graph serves both.

Texts are encoded once, by the very graph that the bundle carries; an epoch over the kept features takes
seconds. The epoch with the smallest loss on rows apart is the one that stays.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from tokenizers import Tokenizer
from tokenizers.normalizers import Normalizer
from tokenizers.normalizers import Sequence as NormalizerSequence

from sentiment import Bundle, Cleaning, Provenance, write_bundle
from sentiment_training.encoders import SentenceEncoder, check_encoder, open_encoder
from sentiment_training.encoders.encoding import Encoded, Features, HalfFeatures, TextEncoder
from sentiment_training.encoders.pruning import pruned
from sentiment_training.errors import OptionError
from sentiment_training.families.family import (
    BoolArray,
    Examples,
    FloatArray,
    Number,
    Option,
    Switch,
    Text,
    Trial,
    Work,
    option_help,
    parse_options,
)
from sentiment_training.families.meanings import CleaningChoice
from sentiment_training.families.validating import LOSS

NO_CACHE = "none"
_BATCH = 512
# What moves less than half precision tells apart is not scaled: it would be the rounding that is made large.
_SMALLEST_SPREAD = 1e-4
_ROWS_AT_ONCE = 16_384
_AS_GOOD_AS_NOTHING = 1e-30


@dataclass(frozen=True)
class EncoderOptions:
    """Every choice of this family. What did best so far is in `training/recipes/encoder.toml`."""

    encoder: str = "use"
    vocabulary: int = 112_000  # all of e5 that is spelled with the letters of the eight languages at hand
    # It knows capitals and long words from its own training; only what no text of it holds is cleaned.
    cleaning: str = "lowercase=off,repeated_letters=off"
    pooled: bool = True
    hidden: int = 256
    l2: float = 1e-3
    learning_rate: float = 1e-3
    epochs: int = 6
    patience: int = 2
    max_length: int = 128
    cache: str = ""


_OPTIONS: Mapping[str, Option] = {
    "encoder": Text(
        "use, minilm, e5, a folder with a BERT-like encoder as hubs keep it, or a name on the hub"
    ),
    "vocabulary": Number(
        int,
        0,
        1_000_000,
        "pieces kept of e5's or XLM-R's vocabulary, the texts' own, then likely ones; 0: all",
    ),
    "cleaning": CleaningChoice(of_words=False, splits=False),
    "pooled": Switch("join the means of the tokens' vectors, of four of a BERT's layers, to the sentence's"),
    "hidden": Number(int, 0, 4_096, "units between features and answer; 0 is a logistic regression"),
    "l2": Number(float, 0, 100, "strength of the L2 penalty"),
    "learning_rate": Number(float, 1e-6, 1, "of Adam in the first epoch; it falls to nothing along a cosine"),
    "epochs": Number(int, 1, 1_000, "epochs at most"),
    "patience": Number(int, 1, 1_000, "epochs without a smaller validation loss that end the training"),
    "max_length": Number(int, 8, 512, "tokens of a text that count"),
    "cache": Text("folder that keeps encoded texts, or the word none; without it, Vigie's own cache does"),
}


class EncoderFamily:
    """Frozen sentence encoder + dense head."""

    name = "encoder"
    needs_validation = True

    def option_help(self) -> Mapping[str, str]:
        """Each option's name, with a sentence and its default."""
        return option_help(EncoderOptions(), _OPTIONS)

    def check(self, options: Mapping[str, str]) -> None:
        """Raise OptionError if `fit` would not take these options, or the encoder is not there."""
        chosen = parse_options(EncoderOptions(), _OPTIONS, options)
        check_encoder(chosen.encoder)
        if chosen.cache != NO_CACHE and Path(chosen.cache).is_file():
            raise OptionError(f"cache={chosen.cache} is a file; name a folder, or {NO_CACHE}")

    def suggest(self, trial: Trial, _fixed: Mapping[str, str], /) -> Mapping[str, str]:
        """Choose options for one trial of a search; the features are the same in all, and encoded once."""
        return {
            "hidden": str(trial.suggest_int("hidden", 32, 512, log=True)),
            "l2": str(trial.suggest_float("l2", 1e-5, 1e-1, log=True)),
            "learning_rate": str(trial.suggest_float("learning_rate", 5e-5, 2e-3, log=True)),
        }

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> "EncoderModel":
        """Encode everything once, then train the head until the validation loss no longer falls."""
        chosen = parse_options(EncoderOptions(), _OPTIONS, options)
        pruning = partial(pruned, texts=train.texts, most=chosen.vocabulary, progress=work.progress)
        encoder = open_encoder(chosen.encoder, pruning)
        with work.progress.step("open encoder"):
            tokenizer = cleaned(encoder.cutting_tokenizer(chosen.max_length), Cleaning.parse(chosen.cleaning))
            texts = TextEncoder(encoder, tokenizer, pooled=chosen.pooled, cache=_cache(chosen, work))
        features = texts.encode_all(train.texts, work.progress, "encode")
        apart = texts.encode_all(validation.texts, work.progress, "encode validation")
        with work.progress.step("scale"):
            scaling = Scaling.of(features)
        head, epochs = _trained_head(features, train, apart, validation, scaling, chosen, work)
        return EncoderModel(chosen, encoder, tokenizer, texts, scaling, head, epochs)


@dataclass(frozen=True)
class Scaling:
    """Moves each feature to mean 0 and spread 1, so that one penalty and one learning rate suit all."""

    mean: Features
    spread: Features

    @classmethod
    def of(cls, features: Encoded) -> "Scaling":
        """Measure the features of the training rows."""
        mean = np.sum([rows.sum(axis=0, dtype=np.float64) for rows in features.pieces], axis=0) / len(
            features
        )
        squares = np.zeros_like(mean)
        for rows in features.pieces:
            squares += ((rows - mean) ** 2).sum(axis=0)
        spread = np.sqrt(squares / max(1, len(features)))
        scaled = np.where(spread < _SMALLEST_SPREAD, 1, spread)
        return cls(mean.astype(np.float32), scaled.astype(np.float32))

    def scaled(self, features: Features | HalfFeatures) -> Features:
        """Return a scaled copy in single precision."""
        scaled: Features = (features.astype(np.float32) - self.mean) / self.spread
        return scaled


@dataclass(frozen=True)
class EncoderModel:
    """A frozen encoder, the scaling of its features, and a head that was trained on them."""

    options: EncoderOptions
    encoder: SentenceEncoder
    tokenizer: Tokenizer
    texts: TextEncoder
    scaling: Scaling
    head: MLPClassifier
    best_epoch: int

    @property
    def tolerance(self) -> float:
        """How far bundle and trainer may be apart."""
        return self.encoder.graph.tolerance

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, and what came of it."""
        return asdict(self.options) | {
            "encoder": self.encoder.name,
            "encoder_digest": self.encoder.digest,
            "vocabulary": self.tokenizer.get_vocab_size(),
            "features": self.texts.width,
            "best_epoch": self.best_epoch,
        }

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """Score texts with scikit-learn's head: probability of *positive*, shape (n,)."""
        features = self.scaling.scaled(self.texts.encode(texts))
        probability: FloatArray = self.head.predict_proba(features)[:, 1].astype(np.float64)
        return probability

    def export(self, folder: Path, golden_texts: Sequence[str], provenance: Provenance) -> Bundle:
        """Write the bundle into a new folder and open it."""
        return write_bundle(
            folder,
            family=EncoderFamily.name,
            tokenizer=self.tokenizer,
            graph=self._graph(),
            golden_texts=golden_texts,
            golden_tolerance=self.tolerance,
            provenance=provenance,
        )

    def _graph(self) -> bytes:
        graph, value, _ = self.encoder.features(pooled=self.options.pooled)
        # Scaling and first layer are one product: (x - mean) / spread · w + b.
        first = self.head.coefs_[0].astype(np.float64) / self.scaling.spread[:, None]
        layers = [(first, self.head.intercepts_[0] - self.scaling.mean @ first)]
        layers += zip(self.head.coefs_[1:], self.head.intercepts_[1:], strict=True)
        for number, (weight, bias) in enumerate(layers):
            if number:
                value = graph.node("Relu", value)
            value = graph.dense(value, f"head.{number}", weight.astype(np.float32), bias.astype(np.float32))
        score = graph.node("Squeeze", value, graph.integers(1))
        return graph.served("encoder", graph.node("Sigmoid", score))


def cleaned(tokenizer: Tokenizer, cleaning: Cleaning) -> Tokenizer:
    """Put the cleaning of tweets before the tokenizer's own."""
    steps: list[Normalizer] = [cleaning.normalizer()]
    if tokenizer.normalizer is not None:
        steps.append(tokenizer.normalizer)
    tokenizer.normalizer = NormalizerSequence(steps)
    return tokenizer


def _trained_head(
    features: Encoded,
    train: Examples,
    apart: Encoded,
    validation: Examples,
    scaling: Scaling,
    options: EncoderOptions,
    work: Work,
) -> tuple[MLPClassifier, int]:
    head = MLPClassifier(
        hidden_layer_sizes=(options.hidden,) if options.hidden else (),
        alpha=options.l2,
        batch_size=min(_BATCH, len(train)),
        learning_rate_init=options.learning_rate,
        random_state=work.seed,
    )
    best_loss, best_epoch = np.inf, 0
    best: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    generator = np.random.default_rng(work.seed)
    with work.progress.step("epochs", options.epochs * len(train)) as advance:
        for epoch in range(1, options.epochs + 1):
            total = 0.0
            pieces = np.array_split(generator.permutation(len(train)), math.ceil(len(train) / _ROWS_AT_ONCE))
            for number, rows in enumerate(pieces):
                rate = _rate(options, epoch - 1 + number / len(pieces))
                total += _learn(
                    head, rate, scaling.scaled(features.rows(rows)), train.labels[rows], train.weights[rows]
                )
                advance(len(rows))
            answers = np.concatenate([head.predict_proba(scaling.scaled(rows)) for rows in apart.pieces])
            loss = float(log_loss(validation.labels, answers, sample_weight=validation.weights))
            work.report("train.loss", total / len(train), epoch)
            work.report(LOSS, loss, epoch)
            if loss < best_loss:
                best_loss, best_epoch = loss, epoch
                best = ([each.copy() for each in head.coefs_], [each.copy() for each in head.intercepts_])
            elif epoch - best_epoch >= options.patience:
                break
    head.coefs_, head.intercepts_ = best
    return head, best_epoch


def _learn(
    head: MLPClassifier, rate: float, features: Features, labels: BoolArray, weights: FloatArray
) -> float:
    """Show some rows once, and return the sum of their losses."""
    if hasattr(head, "_optimizer"):
        # Labels by emoticon are noisy, and steps that stay large follow the noise. scikit-learn has no
        # schedule for Adam.
        head._optimizer.learning_rate_init = rate
    head.partial_fit(features, labels, classes=[False, True], sample_weight=weights)
    # The penalty brings the weights of units that are not needed to numbers so small that a processor takes
    # a hundred times as long to multiply them.
    for each in (*head.coefs_, *head._optimizer.ms, *head._optimizer.vs):
        each[np.abs(each) < _AS_GOOD_AS_NOTHING] = 0
    return float(head.loss_) * len(labels)


def _rate(options: EncoderOptions, done: float) -> float:
    """Learning rate after so many epochs."""
    return options.learning_rate * (1 + math.cos(math.pi * done / options.epochs)) / 2


def _cache(options: EncoderOptions, work: Work) -> Path | None:
    if options.cache == NO_CACHE:
        return None
    if options.cache:
        return Path(options.cache)
    return work.pieces
