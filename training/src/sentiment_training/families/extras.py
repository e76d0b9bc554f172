"""What some families need on top of the default installation."""

import os
from importlib.util import find_spec

from sentiment_training.errors import OptionError

TENSORFLOW, JAX, TORCH = "tensorflow", "jax", "torch"


def keras_backend(*known: str) -> str:
    """Return on what Keras computes, which is also the name of the package; before Keras is imported.

    Raises
    ------
    OptionError
        If it is none of those that can be used.
    """
    # A person's own keras.json may name another one, and was not written with this in mind.
    backend = os.environ.setdefault("KERAS_BACKEND", TENSORFLOW)
    if backend not in known:
        raise OptionError(f"KERAS_BACKEND={backend}: this family computes on {' or '.join(known)}")
    return backend


def require(extra: str, *modules: str) -> None:
    """Raise OptionError, saying what to install, unless all modules can be imported: an extra's, and JAX."""
    if missing := [name for name in modules if find_spec(name) is None]:
        if TORCH in missing:
            raise OptionError("torch is not installed, and no extra brings it; run `uv pip install torch`")
        # What is not named again, `uv sync` takes away: JAX computes for what its family's extra brings.
        extras = f"--extra {extra} --extra {JAX}" if JAX in missing else f"--extra {extra}"
        raise OptionError(f"{', '.join(missing)} is not installed; run `uv sync --all-packages {extras}`")
