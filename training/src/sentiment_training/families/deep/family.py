"""BiLSTM, GRU and TextCNN as families; nothing here imports Keras before a network is fitted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment import Cleaning
from sentiment_training.errors import OptionError
from sentiment_training.families.classic.expert import checked_kind
from sentiment_training.families.deep.options import (
    COSINE,
    FASTTEXT,
    PLATEAU,
    SCRATCH,
    SUBWORDS,
    TEXTCNN,
    VERSIONS_OWN,
    WORD2VEC,
    WORDS,
    Kind,
    NetworkOptions,
)
from sentiment_training.families.deep.vectors import look_into
from sentiment_training.families.extras import TENSORFLOW, TORCH, keras_backend, require
from sentiment_training.families.family import Examples, Trial, Work, option_help, parse_options
from sentiment_training.families.meanings import CleaningChoice
from sentiment_training.families.teacher import open_teacher
from sentiment_training.families.version import check_version
from sentiment_training.quiet import quiet_tensorflow

if TYPE_CHECKING:
    from sentiment_training.families.deep.model import NetworkModel


@dataclass(frozen=True)
class NetworkFamily:
    """One of the three networks."""

    kind: Kind
    needs_validation = True

    @property
    def name(self) -> str:
        """What `vigie train --family` calls it."""
        return self.kind.name

    def option_help(self) -> Mapping[str, str]:
        """Each option's name, with a sentence and its default."""
        return option_help(self.kind.defaults, self.kind.known)

    def check(self, options: Mapping[str, str]) -> None:
        """Raise OptionError if `fit` would not take these options, or what it needs is not installed."""
        self._chosen(options)

    def suggest(self, trial: Trial, fixed: Mapping[str, str], /) -> Mapping[str, str]:
        """Choose options for one trial of a search."""
        learning = {
            "spatial_dropout": str(trial.suggest_float("spatial_dropout", 0.0, 0.5)),
            "dropout": str(trial.suggest_float("dropout", 0.0, 0.6)),
            "word_dropout": str(trial.suggest_float("word_dropout", 0.0, 0.2)),
            "learning_rate": str(trial.suggest_float("learning_rate", 5e-4, 8e-3, log=True)),
            "schedule": trial.suggest_categorical("schedule", (COSINE, PLATEAU)),
        }
        return learning if fixed.get("weights") else learning | self._suggest_network(trial, fixed)

    def _suggest_network(self, trial: Trial, fixed: Mapping[str, str]) -> dict[str, str]:
        chosen = {}
        if not Cleaning.parse(fixed.get("cleaning", self.kind.defaults.cleaning)).word_options:
            chosen["tokens"] = trial.suggest_categorical("tokens", (WORDS, SUBWORDS))
        if fixed.get("embeddings", SCRATCH) in (SCRATCH, WORD2VEC, FASTTEXT):  # a file has its own
            chosen["embedding_dim"] = str(trial.suggest_int("embedding_dim", 64, 192, step=32))
        if self.kind == TEXTCNN:
            return chosen | {
                "filters": str(trial.suggest_int("filters", 64, 320, step=64)),
                "widths": trial.suggest_categorical("widths", ("2,3,4", "1,2,3,4", "2,3,4,5")),
            }
        return chosen | {
            "units": str(trial.suggest_int("units", 64, 192, step=32)),
            "layers": str(trial.suggest_int("layers", 1, 2)),
        }

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> "NetworkModel":
        """Train; seeded, and from the last epoch where `work.checkpoints` holds one."""
        chosen = self._chosen(options)
        if chosen.wide_expert:
            checked_kind(chosen.wide_expert, train.names, "wide_expert")
        if not len(validation):
            raise OptionError(f"{self.name} stops by validation, and there are no rows to choose by")
        if keras_backend(TENSORFLOW, TORCH) == TENSORFLOW:
            quiet_tensorflow()
        # Keras belongs to an extra.
        from sentiment_training.families.deep.model import train_network  # noqa: PLC0415

        return train_network(self.kind, chosen, train, validation, work)

    def _chosen(self, options: Mapping[str, str]) -> NetworkOptions:
        chosen = parse_options(self.kind.defaults, self.kind.known, options)
        if chosen.tokens == SUBWORDS:
            CleaningChoice(of_words=False).read("cleaning", chosen.cleaning)
        require("deep", keras_backend(TENSORFLOW, TORCH), "keras")
        if chosen.wide_expert and not chosen.wide:
            raise OptionError(
                f"wide_expert={chosen.wide_expert} is for the n-grams beside the network; give wide, too"
            )
        open_teacher(chosen.teacher)
        if chosen.weights:
            check_version(chosen.weights, self.name, VERSIONS_OWN, options)
        elif chosen.embeddings in (WORD2VEC, FASTTEXT):
            require("deep", "gensim")
        elif chosen.embeddings != SCRATCH:
            dimensions = look_into(Path(chosen.embeddings)).dimensions
            if "embedding_dim" in options and chosen.embedding_dim != dimensions:
                raise OptionError(
                    f"embedding_dim is {chosen.embedding_dim}, and the vectors of {chosen.embeddings} have "
                    f"{dimensions} numbers; leave embedding_dim out"
                )
            return replace(chosen, embedding_dim=dimensions)
        elif not chosen.trainable:
            raise OptionError("trainable=false leaves embeddings=scratch at random; give embeddings too")
        return chosen
