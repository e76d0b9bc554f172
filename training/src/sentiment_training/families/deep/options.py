"""Every choice of the recurrent and convolutional families."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sentiment_training.errors import OptionError
from sentiment_training.families.family import Choice, Number, Option, Switch, Text
from sentiment_training.families.meanings import CleaningChoice
from sentiment_training.families.teacher import TEACHER_OPTIONS
from sentiment_training.families.wide import WIDE_OPTIONS

SCRATCH, WORD2VEC, FASTTEXT = "scratch", "word2vec", "fasttext"
WORDS, SUBWORDS = "words", "subwords"
COSINE, PLATEAU = "cosine", "plateau"
AUTO, FLOAT32, MIXED = "auto", "float32", "mixed_bfloat16"

WIDEST = 9


VERSIONS_OWN = (
    *("cleaning", "tokens", "vocabulary", "min_count", "max_length", "embeddings", "embedding_dim"),
    *("wide", "wide_c", "wide_expert", "layers", "units", "filters", "widths"),
)
"""What a version has, and a training of it cannot choose again."""


@dataclass(frozen=True)
class NetworkOptions:
    """What all three families choose. The defaults are usual ones, not searched for."""

    cleaning: str = "plain"
    tokens: str = WORDS
    vocabulary: int = 40_000
    min_count: int = 2
    max_length: int = 64
    embeddings: str = SCRATCH
    embedding_dim: int = 128
    trainable: bool = True
    spatial_dropout: float = 0.2
    dropout: float = 0.3
    word_dropout: float = 0.05
    batch: int = 512
    epochs: int = 6
    learning_rate: float = 2e-3
    schedule: str = COSINE
    patience: int = 2
    precision: str = AUTO
    quantise: bool = True
    wide: int = 0
    wide_c: float = 1.0
    wide_expert: str = ""
    weights: str = ""
    teacher: str = ""
    teacher_share: float = 0.7
    teacher_rows: int = 0


@dataclass(frozen=True)
class RecurrentOptions(NetworkOptions):
    """What BiLSTM and GRU choose besides."""

    layers: int = 1
    units: int = 128


@dataclass(frozen=True)
class ConvolutionOptions(NetworkOptions):
    """What TextCNN chooses besides."""

    filters: int = 128
    widths: str = "2,3,4,5"


@dataclass(frozen=True)
class Widths:
    """Whole numbers, parted by commas."""

    meaning: str
    values: ClassVar[str] = f"1 to {WIDEST}, with commas between"

    def read(self, name: str, text: str) -> str:
        """Return them without blanks."""
        try:
            widths = parsed_widths(text)
        except ValueError as error:
            raise OptionError(f"{name} takes whole numbers like 2,3,4, not {text!r}") from error
        if not all(1 <= width <= WIDEST for width in widths) or len(set(widths)) < len(widths):
            raise OptionError(f"{name} takes different widths from 1 to {WIDEST}, not {text}")
        return ",".join(map(str, widths))


def parsed_widths(text: str) -> Sequence[int]:
    """Read `2,3,4`."""
    return [int(width) for width in text.split(",")]


_COMMON: Mapping[str, Option] = {
    "cleaning": CleaningChoice(),
    "tokens": Choice((WORDS, SUBWORDS), "words, or pieces of words that also spell what is misspelt"),
    "vocabulary": Number(int, 100, 500_000, "words or pieces at most"),
    "min_count": Number(int, 1, 1_000, "times that a word or piece must occur"),
    "max_length": Number(int, 8, 512, "words or pieces of a text that count"),
    "embeddings": Text(
        "scratch; word2vec or fasttext, learned from the training texts; or a file: GloVe, word2vec "
        "(text or .bin), fastText (.vec), .npz with words and vectors"
    ),
    "embedding_dim": Number(int, 2, 1_024, "numbers a word has; a file's own where one is given"),
    "trainable": Switch("whether embeddings learn on with the network"),
    "spatial_dropout": Number(float, 0, 0.9, "share of an embedding's dimensions dropped, text by text"),
    "dropout": Number(float, 0, 0.9, "share of the text's features dropped before the last layer"),
    "word_dropout": Number(float, 0, 0.5, "share of words made unknown while training"),
    "batch": Number(int, 1, 65_536, "texts a step"),
    "epochs": Number(int, 1, 1_000, "times through the data at most"),
    "learning_rate": Number(float, 1e-6, 1, "of Adam, at its highest"),
    "schedule": Choice(
        (COSINE, PLATEAU),
        "the rate falls to nothing along a cosine, or is halved when validation gets no better",
    ),
    "patience": Number(int, 1, 1_000, "epochs without a better validation loss before it stops"),
    "precision": Choice((AUTO, FLOAT32, MIXED), "of the arithmetic; auto is mixed where there is a GPU"),
    "quantise": Switch("whether the bundle keeps embeddings as bytes: a quarter of the size"),
    **WIDE_OPTIONS,
    "wide_expert": Text(
        "data set (its name) whose texts it tells apart from all others, and reads by weights of their own"
    ),
    "weights": Text("folder of a version's bundle, to train that on; empty begins anew"),
    **TEACHER_OPTIONS,
}
_RECURRENT: Mapping[str, Option] = {
    **_COMMON,
    "layers": Number(int, 1, 2, "recurrent layers"),
    "units": Number(int, 1, 1_024, "of each direction of each layer"),
}
_CONVOLUTION: Mapping[str, Option] = {
    **_COMMON,
    "filters": Number(int, 1, 2_048, "of each width"),
    "widths": Widths("words that filters see at once"),
}


@dataclass(frozen=True)
class Kind:
    """One of the three: its name, its defaults, and how its options are read."""

    name: str
    defaults: NetworkOptions
    known: Mapping[str, Option]


BILSTM = Kind("bilstm", RecurrentOptions(), _RECURRENT)
GRU = Kind("gru", RecurrentOptions(), _RECURRENT)
TEXTCNN = Kind("textcnn", ConvolutionOptions(), _CONVOLUTION)
