"""Where a folder of weights lies: in a package, on the disk, or on a hub."""

from pathlib import Path

from sentiment_training.encoders import hub
from sentiment_training.encoders.bert_weights import check_folder, layer_count, longest_text
from sentiment_training.encoders.e5 import is_e5_folder
from sentiment_training.encoders.packages import E5, MINILM, package_folder
from sentiment_training.errors import OptionError

_OPTION = "weights"


def check_weights(name: str, max_length: int, layers: int) -> None:
    """Raise OptionError unless `name` stands for weights that can be used; fetches no more than a config."""
    if (folder := _here(name)) is None:
        hub.check_name(_OPTION, name)
    elif not is_e5_folder(folder):  # whose texts may be longer than `max_length` can be
        config = check_folder(folder)
        check_length(max_length, longest_text(config))
        check_layers(layers, layer_count(config))


def check_length(max_length: int, longest: int | None) -> None:
    """Raise OptionError if weights do not take texts of so many tokens."""
    if longest is not None and max_length > longest:
        raise OptionError(f"max_length={max_length}: these weights take {longest} tokens at most")


def check_layers(layers: int, count: int | None) -> None:
    """Raise OptionError if weights have not so many layers."""
    if count is not None and layers > count:
        raise OptionError(f"layers={layers}: these weights have {count}")


def folder_of(name: str) -> Path:
    """Return the folder that `name` stands for, fetched from the hub if need be; who reads it checks it.

    Raises
    ------
    OptionError
        If there is none, and none can be fetched.
    """
    return _here(name) or hub.fetched(_OPTION, name)


def _here(name: str) -> Path | None:
    if name in (MINILM, E5):
        return package_folder(_OPTION, name)
    return Path(name) if Path(name).is_dir() else None
