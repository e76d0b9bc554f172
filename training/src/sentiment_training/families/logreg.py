"""TF-IDF over word n-grams and logistic regression: scikit-learn trains, a small graph serves.

Term frequency is presence: a word counts once a tweet. Weights leave training in half precision, inverse
document frequencies in sixteenths (one byte); the rounded ones are what scikit-learn is measured with, so
the file is a third as large and the bundle still agrees with its trainer.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from sentiment import Bundle, Cleaning, Provenance, write_bundle
from sentiment_training.families.family import (
    Examples,
    FloatArray,
    Number,
    Option,
    Trial,
    Work,
    option_help,
    parse_options,
)
from sentiment_training.families.meanings import CleaningChoice
from sentiment_training.families.ngrams import (
    LONGEST,
    PADDING,
    NgramTable,
    token_ids,
)
from sentiment_training.families.vocabulary import PAD, copied, train_tokenizer, vocabulary_size
from sentiment_training.progress import Advance

_OPSET = 17  # of 2021: whatever runtime an old server has, it knows it
_IR_VERSION = 8  # goes with the opset

# Of the largest gradient, which is a mean over all tweets: with scikit-learn's 1e-4 a rare word's weight is
# left where it was, and the fit ends after a dozen iterations or after fifty, by chance.
_TOLERANCE = 1e-6

_HALF_LARGEST = float(np.finfo(np.float16).max)
_IDF_STEPS = 16  # per unit; a byte reaches to 15.9, which is one tweet in nine million


@dataclass(frozen=True)
class LogregOptions:
    """Every choice of this family. The defaults are what did best on unseen tweets (docs/figures.md)."""

    ngrams: int = 3
    bucket_bits: int = 22
    min_count: int = 2
    c: float = 1.0
    max_iter: int = 100
    max_words: int = 60_000
    max_length: int = 256
    cleaning: str = "plain"


_OPTIONS: Mapping[str, Option] = {
    "ngrams": Number(int, 1, LONGEST, "words in the longest n-gram"),
    "bucket_bits": Number(int, 8, 26, "n-grams of two and more words have at most 2^this columns"),
    "min_count": Number(int, 1, 1_000, "times that a word or n-gram must occur"),
    "c": Number(float, 1e-4, 1e4, "inverse strength of the L2 penalty"),
    "max_iter": Number(int, 1, 10_000, "iterations of L-BFGS at most"),
    "max_words": Number(int, 100, 2**21 - 1, "words in the vocabulary at most"),
    "max_length": Number(int, 8, 4_096, "tokens of a text that count"),
    "cleaning": CleaningChoice(),
}


class LogregFamily:
    """TF-IDF over word n-grams + logistic regression."""

    name = "logreg"
    needs_validation = False

    def option_help(self) -> Mapping[str, str]:
        """Each option's name, with a sentence and its default."""
        return option_help(LogregOptions(), _OPTIONS)

    def check(self, options: Mapping[str, str]) -> None:
        """Raise OptionError if `fit` would not take these options."""
        parse_options(LogregOptions(), _OPTIONS, options)

    def suggest(self, trial: Trial) -> Mapping[str, str]:
        """Choose options for one trial of a search."""
        return {
            "ngrams": str(trial.suggest_int("ngrams", 1, 3)),
            "min_count": str(trial.suggest_int("min_count", 1, 5)),
            "c": str(trial.suggest_float("c", 0.1, 30, log=True)),
        }

    def fit(
        self,
        train: Examples,
        validation: Examples,  # noqa: ARG002 - nothing here is chosen by it
        options: Mapping[str, str],
        work: Work,
    ) -> "LogregModel":
        """Train; nothing in it is random but the order of ties, so the seed only goes to scikit-learn."""
        chosen = parse_options(LogregOptions(), _OPTIONS, options)
        tokenizer = train_tokenizer(
            train.texts,
            Cleaning.parse(chosen.cleaning),
            work.progress,
            max_words=chosen.max_words,
            min_count=chosen.min_count,
            max_length=chosen.max_length,
        )
        ids, lengths = token_ids(tokenizer, train.texts, work.progress)
        with work.progress.step("features"):
            ngrams = NgramTable.build(
                ids,
                lengths,
                vocabulary=vocabulary_size(tokenizer),
                longest=chosen.ngrams,
                most_buckets=2**chosen.bucket_bits,
                min_count=chosen.min_count,
            )
            presence = ngrams.matrix(ids, lengths)
            tfidf = TfidfTransformer().fit(presence)
            # What never occurs has no weight, nor has padding: neither in the sum nor in its length.
            occurs = np.bincount(presence.indices, minlength=ngrams.columns) > 0
            occurs[PADDING] = False
            steps = np.minimum(np.rint(tfidf.idf_ * _IDF_STEPS), np.iinfo(np.uint8).max)
            tfidf.idf_ = np.where(occurs, steps / _IDF_STEPS, 0)
            features = tfidf.transform(presence, copy=False)
            used = np.flatnonzero(tfidf.idf_)
            # L-BFGS walks through every column: on a small data set nearly all of them are empty.
            features = features[:, used]
        classifier = LogisticRegression(
            C=chosen.c, max_iter=chosen.max_iter, tol=_TOLERANCE, random_state=work.seed
        )
        with work.progress.step("fit", chosen.max_iter) as advance:
            classifier.set_callbacks(_CountIterations(advance))
            with warnings.catch_warnings():
                # The limit is a choice: iterations past it change the third decimal of a probability.
                warnings.simplefilter("ignore", ConvergenceWarning)
                classifier.fit(features, train.labels, sample_weight=train.weights)
        _spread(classifier, used, ngrams.columns)
        _round_weights(classifier, tfidf)
        return LogregModel(chosen, tokenizer, ngrams, tfidf, classifier)


@dataclass(frozen=True)
class LogregModel:
    """A fitted pipeline: tokens → n-grams → TF-IDF → logistic regression."""

    options: LogregOptions
    tokenizer: Tokenizer
    ngrams: NgramTable
    tfidf: TfidfTransformer
    classifier: LogisticRegression
    tolerance: ClassVar[float] = 1e-5

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, and what came of it."""
        return asdict(self.options) | {
            "words": self.ngrams.vocabulary,
            "columns": int(np.count_nonzero(self.tfidf.idf_)),
            "iterations": int(self.classifier.n_iter_[0]),
        }

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """Score texts with scikit-learn: probability of *positive*, shape (n,)."""
        presence = self.ngrams.matrix(*token_ids(self.tokenizer, texts))
        probability: FloatArray = self.classifier.predict_proba(self.tfidf.transform(presence))[:, 1]
        return probability

    def export(self, folder: Path, golden_texts: Sequence[str], provenance: Provenance) -> Bundle:
        """Write the bundle into a new folder and open it."""
        # Padding belongs to the bundle alone: here texts are laid end to end, where it would count as a word.
        tokenizer = copied(self.tokenizer)
        tokenizer.enable_padding(pad_id=PADDING, pad_token=PAD)
        return write_bundle(
            folder,
            family=LogregFamily.name,
            tokenizer=tokenizer,
            graph=self._graph().SerializeToString(),
            golden_texts=golden_texts,
            provenance=provenance,
        )

    def _graph(self) -> ModelProto:
        """Sum the weights of the n-grams that a text holds, divide by their length, squash.

        Sorting a row brings equal n-grams together, so that each counts once; then
        probability = sigmoid(Σ idf·w / √Σ idf² + b).
        """
        lookup, constants = self.ngrams.graph("ids", "columns")
        node = helper.make_node
        nodes: list[NodeProto] = [
            *lookup,
            node("Shape", ["columns"], ["count"], start=1),
            node("TopK", ["columns", "count"], ["sorted", "places"], axis=1),
            node("Slice", ["sorted", "zero", "minus_one", "axis_1"], ["left"]),
            node("Slice", ["sorted", "one", "end", "axis_1"], ["right"]),
            node("Equal", ["left", "right"], ["again"]),
            node("Where", ["again", "padding", "right"], ["others"]),
            node("Slice", ["sorted", "zero", "one", "axis_1"], ["first"]),
            node("Concat", ["first", "others"], ["unique"], axis=1),
            node("Gather", ["weights", "unique"], ["half_weight"]),
            node("Cast", ["half_weight"], ["weight"], to=TensorProto.FLOAT),
            node("ReduceSum", ["weight", "axis_1"], ["sum"], keepdims=0),
            node("Gather", ["idf_steps", "unique"], ["idf_byte"]),
            node("Cast", ["idf_byte"], ["idf"], to=TensorProto.FLOAT),
            node("ReduceSumSquare", ["idf"], ["squared_length"], axes=[1], keepdims=0),
            node("Sqrt", ["squared_length"], ["length_in_steps"]),
            node("Div", ["length_in_steps", "idf_steps_per_unit"], ["length"]),
            # A text of unknown words only has length 0 and sum 0: its answer is the bias alone.
            node("Max", ["length", "tiny"], ["divisor"]),
            node("Div", ["sum", "divisor"], ["cosine"]),
            node("Add", ["cosine", "bias"], ["score"]),
            node("Sigmoid", ["score"], ["probability"]),
        ]
        constants = {
            **constants,
            "zero": np.array([0]),
            "one": np.array([1]),
            "minus_one": np.array([-1]),
            "end": np.array([np.iinfo(np.int64).max]),
            "tiny": np.array(1e-9, np.float32),
            "bias": self.classifier.intercept_[0].astype(np.float32),
            "weights": (self.tfidf.idf_ * self.classifier.coef_[0]).astype(np.float16),
            "idf_steps": np.rint(self.tfidf.idf_ * _IDF_STEPS).astype(np.uint8),
            "idf_steps_per_unit": np.array(_IDF_STEPS, np.float32),
        }
        graph = helper.make_graph(
            nodes,
            "tfidf_logreg",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"])],
            [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch"])],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        checker.check_model(model, full_check=True)
        return model


class _CountIterations:
    """A scikit-learn callback that moves the progress bar."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance

    def setup(self, estimator: object, context: object) -> None:
        """Do nothing; scikit-learn's protocol asks for it."""

    def teardown(self, estimator: object, context: object) -> None:
        """Do nothing; scikit-learn's protocol asks for it."""

    def on_fit_task_begin(self, estimator: object, context: object) -> None:
        """Do nothing; scikit-learn's protocol asks for it."""

    def on_fit_task_end(self, estimator: object, context: object) -> None:  # noqa: ARG002 - the protocol's
        """Count an iteration of the solver."""
        self._advance()


def _spread(classifier: LogisticRegression, used: npt.NDArray[np.int64], columns: int) -> None:
    """Put the weights of the used columns back to where they are numbered; the others weigh nothing."""
    weights = np.zeros((1, columns))
    weights[0, used] = classifier.coef_[0]
    classifier.coef_ = weights
    classifier.n_features_in_ = columns


def _round_weights(classifier: LogisticRegression, tfidf: TfidfTransformer) -> None:
    """Round idf·w to half precision; w becomes what gives exactly that."""
    product = np.clip(tfidf.idf_ * classifier.coef_[0], -_HALF_LARGEST, _HALF_LARGEST)
    idf = tfidf.idf_
    weights = np.zeros(len(idf))
    np.divide(product.astype(np.float16), idf, out=weights, where=idf > 0)
    classifier.coef_ = weights[np.newaxis]
    classifier.intercept_ = classifier.intercept_.astype(np.float64)
