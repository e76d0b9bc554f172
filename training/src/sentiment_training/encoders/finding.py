"""Finds a sentence encoder: in an installed package, in a folder, or on the hub."""

from pathlib import Path

from sentiment_training.encoders import hub
from sentiment_training.encoders.bert import check_bert_folder, read_bert, sentence_encoder
from sentiment_training.encoders.e5 import is_e5_folder, read_asking_e5
from sentiment_training.encoders.encoder import SentenceEncoder
from sentiment_training.encoders.packages import E5, MINILM, USE, package_folder
from sentiment_training.encoders.pruning import Pruning, whole
from sentiment_training.encoders.use import is_use_folder, open_use
from sentiment_training.errors import OptionError

_PACKAGES = (USE, MINILM, E5)
_OPTION = "encoder"
_SAVED_MODEL = "saved_model.pb"


def check_encoder(name: str) -> None:
    """See that an encoder is there, without reading its weights; fetches no more than a config.

    Parameters
    ----------
    name
        ``use``, ``minilm``, ``e5``, the path of a folder with a BERT-like encoder as hubs keep it or with
        the Universal Sentence Encoder or E5 as their packages do, or a name on the hub.

    Raises
    ------
    OptionError
        If the package is not installed, the folder lacks a file or holds something else, or the hub has no
        such name or cannot be reached.
    """
    folder = _place(name)
    if folder is None:
        hub.check_name(_OPTION, name)
    elif not (is_use_folder(folder) or is_e5_folder(folder)):
        _check_folder(folder)


def open_encoder(name: str, pruning: Pruning = whole) -> SentenceEncoder:
    """Read an encoder; `name` as in `check_encoder`.

    Parameters
    ----------
    pruning
        Chooses what stays of a vocabulary; the Universal Sentence Encoder keeps its own.

    Raises
    ------
    OptionError
        As `check_encoder` does, or if its weights cannot be fetched or read.
    """
    folder, called = _place(name), name
    if folder is None:
        folder, called = hub.fetched(_OPTION, name), name.rpartition("/")[2]
    elif name not in _PACKAGES:
        called = folder.name
    if is_use_folder(folder):
        return open_use(folder, called)
    if is_e5_folder(folder):
        digest, weights, tokenizer = read_asking_e5(folder)
    else:
        _check_folder(folder)
        digest, weights, tokenizer = read_bert(folder)
    return sentence_encoder(called, digest, *pruning(weights, tokenizer))


def _place(name: str) -> Path | None:
    """Where it lies; None where it would be on the hub."""
    if name in _PACKAGES:
        return package_folder(_OPTION, name)
    if "://" in name:
        raise OptionError(
            f"{_OPTION}={name}: addresses are not read; the word {USE} takes the Universal Sentence Encoder "
            "that a package carries, owner/name what the Hugging Face hub has, or give a folder"
        )
    # What is no name on a hub was meant as a folder.
    return Path(name) if Path(name).is_dir() or name.count("/") != 1 else None


def _check_folder(folder: Path) -> None:
    if (folder / _SAVED_MODEL).is_file():
        raise OptionError(
            f"{_OPTION}={folder} is a SavedModel of TensorFlow's, which is not read; the word {USE} takes "
            "the Universal Sentence Encoder that a package carries"
        )
    check_bert_folder(folder)
