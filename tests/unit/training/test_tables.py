"""Tables of figures stay readable, however many data sets there are."""

from datetime import UTC, datetime

import numpy as np
import pytest
from rich.console import Console

from sentiment_training.registry import Version
from sentiment_training.scores import scores
from sentiment_training.tables import scores_table, versions_table


@pytest.mark.parametrize("sets", [1, 3, 4, 15])
def test_every_data_set_is_named_in_full_with_its_accuracy(sets: int) -> None:
    labels = np.array([True, False] * 20)
    measured = scores(np.where(labels, 0.8, 0.3), labels, 0.5)
    names = [f"heldout_umsab_multilingual_set_{number:02}" for number in range(sets)]
    console = Console(width=110 if sets > 3 else 160, record=True, quiet=False)
    with console.capture() as captured:
        console.print(scores_table(dict.fromkeys(names, measured)))
    shown = captured.get()
    assert all(name in shown for name in names)
    assert shown.count("1.000 ±0.088" if sets > 3 else "1.000 [") >= sets
    # Regression: figures were cut in two, each on a line of its own.
    assert len(shown.splitlines()) < 8 + max(sets, 8)


def test_versions_show_what_was_held_out_in_a_narrow_terminal_too() -> None:
    # Regression: names were cut, so that eight languages looked the same.
    version = Version(7, "Production", ("production",), "run", datetime(2026, 11, 27, tzinfo=UTC), "sha", "")
    held_out = {f"heldout_umsab_multilingual_{name}": 0.7 for name in ("arabic", "french")}
    metrics = {f"{name}.accuracy": value for name, value in held_out.items()}
    console = Console(width=80, record=True, quiet=False)
    with console.capture() as captured:
        console.print(
            versions_table("tweet-sentiment", {version: metrics | {"validation.umsab.accuracy": 0.9}})
        )

    shown = captured.get()
    assert "…" not in shown
    assert "0.9" not in shown
