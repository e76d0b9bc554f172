"""What some families need on top of the default installation."""

from importlib.util import find_spec

from sentiment_training.errors import OptionError


def require(extra: str, *modules: str) -> None:
    """Raise OptionError, saying what to install, unless all modules of an extra can be imported."""
    if missing := [name for name in modules if find_spec(name) is None]:
        raise OptionError(
            f"{', '.join(missing)} is not installed; run `uv sync --all-packages --extra {extra}`"
        )
