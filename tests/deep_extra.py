"""TensorFlow and Keras for the tests of networks, imported quietly; without them the tests are skipped."""

import warnings

import pytest

from sentiment_training.quiet import quiet_tensorflow


def require_networks() -> None:
    """Import them, or skip the test or the file that calls this."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own imports use what newer Pythons deprecate
        quiet_tensorflow()
        for name in ("tensorflow", "keras"):
            pytest.importorskip(name, reason="needs the extra deep: uv sync --all-packages --extra deep")
