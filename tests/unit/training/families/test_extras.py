"""What a person is told to install."""

import pytest

from sentiment_training.errors import OptionError
from sentiment_training.families import extras


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("keras", "keras is not installed; run `uv sync --all-packages --extra deep`"),
        ("jax", "jax is not installed; run `uv sync --all-packages --extra deep --extra jax`"),
        ("torch", "torch is not installed, and no extra brings it; run `uv pip install torch`"),
    ],
)
def test_what_is_missing_is_told_with_the_command_that_brings_it(
    missing: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == missing else object())

    with pytest.raises(OptionError) as refused:
        extras.require("deep", "keras", "jax", "torch")

    assert str(refused.value) == told
