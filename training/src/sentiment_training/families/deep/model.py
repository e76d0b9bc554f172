"""A network from its data to its bundle. Imports Keras: import this where a network is fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from sentiment import Bundle, Provenance, tokenizer_from_json, tokenizer_json, write_bundle
from sentiment_training.errors import OptionError
from sentiment_training.families.classic.tokens import padded
from sentiment_training.families.deep import checkpoints, vectors
from sentiment_training.families.deep.beginning import begin
from sentiment_training.families.deep.checkpoints import Checkpoint, Standing
from sentiment_training.families.deep.fitting import (
    device_precision,
    fit,
    is_over,
    log_odds,
    probabilities,
    values,
)
from sentiment_training.families.deep.graphs import graph_of
from sentiment_training.families.deep.networks import build
from sentiment_training.families.deep.options import (
    AUTO,
    FASTTEXT,
    FLOAT32,
    SCRATCH,
    WORD2VEC,
    Kind,
    NetworkOptions,
)
from sentiment_training.families.deep.rows import Rows, train_tokenizer
from sentiment_training.families.family import Examples, FloatArray, Work
from sentiment_training.families.teacher import open_teacher, targets
from sentiment_training.families.vocabulary import vocabulary_size
from sentiment_training.families.wide import CALIBRATION, Wide, weighed
from sentiment_training.families.wide_ngrams import LearnedNgrams, Ngrams

_TOLERANCE = 1e-4
# What it was made with, a bundle does not say.
_NOT_IN_A_VERSION = ("min_count", "wide", "wide_c", "wide_expert")

Embeddings = npt.NDArray[np.float32] | tuple[int, int]


def train_network(
    kind: Kind, options: NetworkOptions, train: Examples, validation: Examples, work: Work
) -> "NetworkModel":
    """Learn the vocabulary and the embeddings, train the network, keep its best weights.

    Raises
    ------
    CheckpointError
        If the last epoch in `work.checkpoints` is of another training, or damaged.
    """
    # Keras seeds Python, NumPy and its backend together; its initialisers and dropout know no other way.
    keras.utils.set_random_seed(work.seed)
    teacher = open_teacher(options.teacher)
    beginning = begin(kind, options) if options.weights else None
    options = beginning.options if beginning else options
    resumed, save = None, lambda *_: None
    if work.checkpoints is not None:
        choices = (kind.name, options, teacher and teacher.sha256)
        identity = checkpoints.identity(train, validation, choices, work.seed)
        resumed = checkpoints.load(work.checkpoints, identity)
    if resumed:
        tokenizer = tokenizer_from_json(resumed.tokenizer)
    elif beginning:
        tokenizer = beginning.tokenizer
    else:
        tokenizer = train_tokenizer(train.texts, options, work.progress)
    if work.checkpoints is not None:
        save = partial(_save, work, work.checkpoints, identity, tokenizer_json(tokenizer))
    # Killed after its last epoch, a training has nothing more to learn from.
    over = resumed is not None and is_over(resumed.standing, options) and not options.wide
    learned = targets(train, None if over else teacher, options, work)
    rows = Rows.of(tokenizer, [] if over else train.texts, work.progress)
    validated = Rows.of(tokenizer, validation.texts)
    shape = (vocabulary_size(tokenizer), options.embedding_dim)
    embeddings = shape if resumed or beginning else _embeddings(options, tokenizer, rows, work)
    precision = device_precision() if options.precision == AUTO else options.precision
    network = build(kind, options, embeddings, precision)
    if beginning:
        beginning.fill(network)
    standing = fit(network, rows, learned, train.weights, validation, validated, options, work, resumed, save)
    if precision != FLOAT32:
        # What is measured and exported computes in full; the weights always were.
        whole = build(kind, options, shape, FLOAT32)
        whole.set_weights(network.get_weights())
        whole.compile(jit_compile=False)  # XLA would compile it for each length
        network = whole
    wide: Wide | None = None
    ngrams: Ngrams | None = beginning.ngrams if beginning else None
    if options.wide:
        ngrams = LearnedNgrams.learn(
            tokenizer, train, rows.said, options.wide, options.wide_c, work, expert=options.wide_expert
        )
    if ngrams is not None:
        wide = weighed(ngrams, log_odds(network, validated), validated.said, validation)
    taught_by = "" if teacher is None else teacher.sha256
    return NetworkModel(kind, options, tokenizer, network, standing, precision, wide, taught_by)


@dataclass(frozen=True)
class NetworkModel:
    """A fitted network: tokens → embeddings → states or filters → logistic unit."""

    kind: Kind
    options: NetworkOptions
    tokenizer: Tokenizer
    network: keras.Model
    standing: Standing
    precision: str
    wide: Wide | None = None
    taught_by: str = ""

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, and what came of it."""
        return self._chosen() | {
            "precision": self.precision,
            "vocabulary.learned": vocabulary_size(self.tokenizer),
            "network.weights": self.network.count_params(),
            "epochs.done": self.standing.epochs,
            "epochs.best": self.standing.best_epoch,
            "validation.best_loss": self.standing.best_loss,
            **({} if self.wide is None else self.wide.parameters),
            **({"teacher.sha256": self.taught_by} if self.taught_by else {}),
        }

    def _chosen(self) -> dict[str, str | int | float]:
        chosen = {name: value for name, value in asdict(self.options).items() if name != "weights"}
        if not self.options.weights:
            return chosen
        known = {name: value for name, value in chosen.items() if name not in _NOT_IN_A_VERSION}
        return {"started_from": self.options.weights, **known}

    @property
    def tolerance(self) -> float | None:
        """None where embeddings leave as bytes: then accuracies are compared."""
        return None if self.options.quantise else _TOLERANCE

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """Score texts with Keras: probability of *positive*, shape (n,)."""
        rows = Rows.of(self.tokenizer, texts)
        if self.wide is None:
            return probabilities(self.network, rows)
        return self.wide.mixed(log_odds(self.network, rows), rows.said)

    def export(self, folder: Path, golden_texts: Sequence[str], provenance: Provenance) -> Bundle:
        """Write the bundle into a new folder and open it."""
        return write_bundle(
            folder,
            family=self.kind.name,
            tokenizer=padded(self.tokenizer),
            graph=graph_of(self.network, self.kind, self.options, self.wide),
            golden_texts=golden_texts,
            provenance=provenance,
            calibration="none" if self.wide is None else CALIBRATION,
        )


def _embeddings(options: NetworkOptions, tokenizer: Tokenizer, rows: Rows, work: Work) -> Embeddings:
    size = vocabulary_size(tokenizer)
    if options.embeddings == SCRATCH:
        return size, options.embedding_dim
    vocabulary = tokenizer.get_vocab(with_added_tokens=False)
    if options.embeddings in (WORD2VEC, FASTTEXT):
        words = np.full(size, "", object)
        for word, number in vocabulary.items():
            words[number] = word  # where several share an id, one of them stands for all
        sentences = (
            words[rows.ids[start : start + length]].tolist()
            for start, length in zip(rows.starts, rows.lengths, strict=True)
        )
        found = vectors.learn(options.embeddings, sentences, options.embedding_dim, work.seed, work.progress)
    else:
        file = vectors.look_into(Path(options.embeddings))
        found = vectors.read(file, vectors.spellings(vocabulary), work.progress)
    laid_out, share = vectors.table(found, vocabulary, (size, options.embedding_dim), work.seed)
    if not share:
        raise OptionError(
            f"embeddings={options.embeddings} has a vector for none of the {len(vocabulary):,} words that "
            "are learned; is it of another language, or are its words cut otherwise?"
        )
    work.say(f"word vectors for {share:.0%} of the words")
    work.report("embeddings.found_share", share, 0)
    return laid_out


def _save(
    work: Work,
    folder: Path,
    identity: str,
    tokenizer: str,
    standing: Standing,
    network: keras.Model,
    optimizer: keras.Optimizer,
    best: checkpoints.Weights,
) -> None:
    checkpoint = Checkpoint(
        standing,
        tokenizer,
        network=values(network.variables),
        optimizer=values(optimizer.variables),
        best=best,
    )
    work.keep(partial(checkpoints.save, folder, identity, checkpoint))
