"""Pictures are drawn for any scores, and are pictures."""

from pathlib import Path

import numpy as np
import pytest

from sentiment_training.figures import draw_figures
from sentiment_training.scores import scores


@pytest.mark.parametrize("n", [2, 40, 5000])
def test_four_pictures_are_drawn_for_few_and_many_rows(tmp_path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    p = rng.random(n)
    y = np.arange(n) % 2 == 0

    paths = draw_figures(tmp_path / "figures", "airline", p, y, scores(p, y))

    assert [path.name for path in paths] == [
        "confusion.png",
        "roc.png",
        "precision_recall.png",
        "reliability.png",
    ]
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
