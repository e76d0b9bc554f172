"""The recipes that come with the project can be read, and their families take their options."""

from pathlib import Path

import pytest

from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES
from sentiment_training.recipe_files import read_recipe

RECIPES = sorted((Path(__file__).parents[3] / "training/recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_of_ours_can_be_followed(path: Path) -> None:
    recipe = read_recipe(path, Path("data"))
    try:
        FAMILIES[recipe.family].check(recipe.options)
    except OptionError as fault:
        if "--extra" in str(fault):
            pytest.skip(f"{fault}")
        raise
