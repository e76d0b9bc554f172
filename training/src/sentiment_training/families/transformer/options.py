"""Every choice of the transformer family."""

from collections.abc import Mapping
from dataclasses import dataclass

from sentiment_training.families.family import Choice, Number, Option, Switch, Text
from sentiment_training.families.meanings import CleaningChoice
from sentiment_training.families.teacher import TEACHER_OPTIONS
from sentiment_training.families.wide import WIDE_OPTIONS

MEAN, MEAN_AND_FIRST = "mean", "mean+first"
AUTO, FLOAT32, MIXED_BFLOAT16 = "auto", "float32", "mixed_bfloat16"
INT8 = "int8"


@dataclass(frozen=True)
class TransformerOptions:
    """The defaults are usual ones for a small BERT; nobody has searched for better ones."""

    weights: str = "minilm"
    cleaning: str = "lowercase=off"  # whether capitals count, the weights' own tokenizer knows
    vocabulary: int = 32_000
    max_length: int = 80
    layers: int = 0
    pooling: str = MEAN
    members: int = 0
    epochs: int = 3
    minutes: float = 0
    batch: int = 64
    accumulate: int = 1
    learning_rate: float = 1e-4
    warmup: float = 0.05
    weight_decay: float = 0.01
    dropout: float = 0.1
    train_embeddings: bool = True
    checks: int = 2
    validated: int = 2_000
    patience: int = 3
    precision: str = AUTO
    jit: bool = False
    export: str = INT8
    wide: int = 0
    wide_c: float = 1.0
    teacher: str = ""
    teacher_share: float = 0.7
    teacher_rows: int = 0


OPTIONS: Mapping[str, Option] = {
    "weights": Text(
        "minilm, e5, a folder as hubs keep it, a name on the hub (vinai/bertweet-base), or a version's "
        "bundle; several bundles, with commas between, become one version"
    ),
    "cleaning": CleaningChoice(of_words=False, splits=False),
    "vocabulary": Number(
        int, 0, 1_000_000, "pieces kept of e5's or XLM-R's vocabulary, those that the texts use most; 0: all"
    ),
    "max_length": Number(int, 8, 512, "tokens of a text that count"),
    "layers": Number(int, 0, 1_000, "layers kept of the weights, the first ones; 0: all"),
    "pooling": Choice((MEAN, MEAN_AND_FIRST), "mean over the tokens, or that and the first one's vector"),
    "members": Number(
        int, 0, 16, "networks whose mean log-odds answer, each from a seed of its own; 0: one, or a version's"
    ),
    "epochs": Number(int, 0, 1_000, "epochs at most; 0: versions answer as they are"),
    "minutes": Number(
        float, 0, 100_000, "end after this long, all members; the learning rate falls in time; 0: no end"
    ),
    "batch": Number(int, 1, 4_096, "texts that go through the network at once"),
    "accumulate": Number(int, 1, 1_024, "batches whose gradients make one step"),
    "learning_rate": Number(float, 1e-8, 1, "of AdamW at its highest"),
    "warmup": Number(float, 0, 0.9, "share of the training in which the learning rate rises; then it falls"),
    "weight_decay": Number(float, 0, 1, "of AdamW; not on biases and normalisations"),
    "dropout": Number(float, 0, 0.9, "share of the numbers between layers left out in training"),
    "train_embeddings": Switch("whether word vectors learn too"),
    "checks": Number(int, 1, 1_000, "times an epoch that the validation rows are scored"),
    "validated": Number(int, 10, 1_000_000, "validation rows of each data set at most, evenly chosen"),
    "patience": Number(int, 1, 1_000, "checks without a smaller validation loss that end the training"),
    "precision": Choice((AUTO, FLOAT32, MIXED_BFLOAT16), "of the arithmetic in training"),
    "jit": Switch("compile with XLA; slower on a processor"),
    "export": Choice((INT8, FLOAT32), "how the bundle stores weights"),
    **WIDE_OPTIONS,
    **TEACHER_OPTIONS,
}
