"""Loads labelled tweets, cleans, splits and names them."""

from sentiment_training.datasets.cleaning import normalised, without_duplicates, without_texts_of
from sentiment_training.datasets.dataset import BoolArray, Counts, Dataset, evenly, joined
from sentiment_training.datasets.fingerprint import fingerprint
from sentiment_training.datasets.rows import NEGATIVE, NEUTRAL, POSITIVE, LabelArray, Rows
from sentiment_training.datasets.sources import load_dataset, load_rows
from sentiment_training.datasets.split import Split, folds_of, of_users_learned, split
from sentiment_training.datasets.strangers import with_strangers
from sentiment_training.datasets.tables import LABEL, PREDICTION
from sentiment_training.datasets.variants import varied

__all__ = [
    "LABEL",
    "NEGATIVE",
    "NEUTRAL",
    "POSITIVE",
    "PREDICTION",
    "BoolArray",
    "Counts",
    "Dataset",
    "LabelArray",
    "Rows",
    "Split",
    "evenly",
    "fingerprint",
    "folds_of",
    "joined",
    "load_dataset",
    "load_rows",
    "normalised",
    "of_users_learned",
    "split",
    "varied",
    "with_strangers",
    "without_duplicates",
    "without_texts_of",
]
