"""The commands that prepare what a teacher says: vary makes texts to ask about, crossfit the answers."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sentiment_training.cli.application import DEFAULT_CACHE, CacheFolder, app, pairs, print_table
from sentiment_training.cli.recipes import (
    CarriedData,
    DataFolder,
    FamilyName,
    FamilyOptions,
    Files,
    RecipeFile,
    Seed,
    TestShare,
    Typed,
    Weights,
    require_name,
    typed_recipe,
)

_MOST_COPIES = 100
_MOST_FOLDS = 20


@app.command()
def vary(
    *,
    recipe_file: Annotated[
        Path, typer.Option("--recipe", metavar="FILE", help="Whose rows to learn from are varied, no others.")
    ],
    data_folder: DataFolder = Path(),
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="DATA", help="A data set of the recipe; repeatable. All without it."),
    ] = None,
    copies: Annotated[int, typer.Option(min=1, max=_MOST_COPIES, help="Variants of each tweet.")] = 1,
    folds: Annotated[
        int,
        typer.Option(
            min=1,
            max=_MOST_FOLDS,
            help="Make each of tweets of one fold, which the column fold names: for `vigie crossfit`.",
        ),
    ] = 1,
    out: Annotated[Path, typer.Option(help="The file to write: .parquet or .csv.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> None:
    """Write variants of the tweets that a recipe learns from, for a teacher to label."""
    import pyarrow as pa

    from sentiment_training.crossfit import shown_fold
    from sentiment_training.datasets import folds_of, varied
    from sentiment_training.datasets.sources import name_of
    from sentiment_training.files import require_place
    from sentiment_training.material import prepare
    from sentiment_training.progress import shown_progress
    from sentiment_training.recipe import read_recipe
    from sentiment_training.scoring.files import TEXT, check_out, written
    from sentiment_training.scoring.folds import FOLD

    check_out(out)
    require_place(out, force=force)
    # What a model labelled is not varied, and may be what comes of this.
    recipe = read_recipe(recipe_file, data_folder).of_people()
    names = [name_of(each.source) for each in recipe.data]
    for name in data or ():
        require_name(f"--data {name}", name, names)
    with shown_progress() as progress:
        material = prepare(recipe, progress, validate=True)
        learned = [each.train for each in material.splits if each.train.name in (data or names)]
        made: dict[str, str] = {}
        with progress.step("vary", len(learned) * folds) as advance:
            for each in learned:
                own = folds_of(each.texts, folds)
                for fold in range(folds):
                    texts = each.where(own == fold).texts.to_pylist()
                    for variant in varied(texts, copies, recipe.seed):
                        made.setdefault(variant, shown_fold(fold, folds))
                    advance()
    columns = {TEXT: pa.array(made.keys(), pa.string())}
    if folds > 1:
        columns[FOLD] = pa.array(made.values(), pa.string())
    batch = pa.record_batch(columns)
    with written(out, batch.schema) as write:
        write(batch)
    Console().print(
        f"{len(made):,} variants of {sum(map(len, learned)):,} tweets: {out}", highlight=False, soft_wrap=True
    )


@app.command()
def crossfit(
    files: Files = None,
    *,
    recipe_file: RecipeFile = None,
    data_folder: DataFolder = Path(),
    family: FamilyName = None,
    data: CarriedData = None,
    weights: Weights = None,
    test_share: TestShare = None,
    options: FamilyOptions = None,
    seed: Seed = None,
    folds: Annotated[int, typer.Option(min=2, max=_MOST_FOLDS, help="Models that are trained.")] = 4,
    out: Annotated[Path, typer.Option(help="The file to write: .parquet or .csv.")],
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE=OUT",
            help="Answer a file of other texts, too; by the model of its column fold, if it has one "
            "(`vigie vary --folds`), else by all. Repeatable.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over; take no model and no epoch from before.")
    ] = False,
    cache_folder: CacheFolder = DEFAULT_CACHE,
) -> None:
    """Answer the tweets that a recipe learns from by models, one a fold, that have not learned them."""
    from sentiment_training.files import require_place
    from sentiment_training.scoring.files import check_columns, check_out, open_source

    others = {Path(file): Path(to) for file, to in pairs(also or [], "FILE=OUT").items()}
    for each, option in {out: "--out", **dict.fromkeys(others.values(), "--also")}.items():
        check_out(each, option=option)
        require_place(each, force=force, option=option)
    _require_apart([out, *others, *others.values()])
    for file, to in others.items():
        check_columns(to, open_source(file))
    recipe = typed_recipe(
        Typed(
            files or [],
            recipe_file,
            data_folder,
            family,
            data,
            weights or [],
            [],
            test_share,
            options or [],
            seed,
            [],
        )
    )
    from sentiment_training.checkpoints import open_cache

    cache = open_cache(cache_folder)
    import numpy as np

    from sentiment_training.crossfit import crossfit as answer
    from sentiment_training.progress import shown_progress
    from sentiment_training.scores import scores
    from sentiment_training.scoring.folds import answered, read_asked, write_answers
    from sentiment_training.scoring.scoring import score_file
    from sentiment_training.tables import scores_table

    asked = [read_asked(file, folds) for file in others]
    with shown_progress() as progress:
        found = answer(recipe, folds, asked, progress, progress.say, cache, fresh=fresh)
        for (file, to), probability in zip(others.items(), found.asked, strict=True):
            score_file(file, to, answered(probability), progress)
        write_answers(out, found)
    learned = found.learned
    measured = {
        name: scores(found.probability[rows], learned.labels[rows])
        for number, name in enumerate(learned.names)
        if len(rows := np.flatnonzero(learned.domains == number))
    }
    print_table(scores_table(measured))
    console = Console()
    for to, answers in zip(others.values(), found.asked, strict=True):
        console.print(f"{len(answers):,} other texts: {to}", highlight=False, soft_wrap=True)
    console.print(
        f"{len(learned):,} tweets, each answered by a model that has not learned it: {out}",
        highlight=False,
        soft_wrap=True,
    )
    Console(stderr=True).print(
        f"to learn from them: vigie train … -o teacher={out}", highlight=False, soft_wrap=True
    )


def _require_apart(paths: list[Path]) -> None:
    """Raise OptionError if one file is to be two things."""
    from sentiment_training.errors import OptionError

    places = [each.resolve() for each in paths]
    if twice := next(
        (each for each, place in zip(paths, places, strict=True) if places.count(place) > 1), None
    ):
        raise OptionError(f"{twice} is named twice in --out and --also; give each file a name of its own")
