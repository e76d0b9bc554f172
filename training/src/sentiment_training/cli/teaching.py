"""The commands that prepare what a teacher says: vary makes texts to ask about, crossfit the answers."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from pathlib import Path
from typing import Annotated

import typer

from sentiment_training.cli.application import DEFAULT_CACHE, CacheFolder, app, pairs, print_table
from sentiment_training.cli.recipes import (
    CarriedData,
    DataFolder,
    Evaluations,
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
from sentiment_training.console import plain_console
from sentiment_training.errors import OptionError

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
    from sentiment_training.recipe_files import read_recipe
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
        known = {text for each in material.splits for text in each.train.texts.to_pylist()}
        made: dict[str, set[str]] = {}
        with progress.step("vary", len(learned) * folds) as advance:
            for each in learned:
                own = folds_of(each.texts, folds)
                for fold in range(folds):
                    texts = each.where(own == fold).texts.to_pylist()
                    for variant in varied(texts, copies, recipe.seed):
                        made.setdefault(variant, set()).add(shown_fold(fold, folds))
                    advance()
    # What tweets of two folds make, and what is a tweet itself, no fold's model might answer unlearned.
    kept = {variant: of.pop() for variant, of in made.items() if len(of) == 1 and variant not in known}
    columns = {TEXT: pa.array(kept.keys(), pa.string())}
    if folds > 1:
        columns[FOLD] = pa.array(kept.values(), pa.string())
    batch = pa.record_batch(columns)
    with written(out, batch.schema) as write:
        write(batch)
    plain_console().print(
        f"{len(kept):,} variants of {sum(map(len, learned)):,} tweets: {out}", soft_wrap=True
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
    evaluations: Evaluations = None,
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

    others = [(Path(file), Path(to)) for file, to in pairs(also or [], "FILE=OUT").items()]
    for each, option in [(out, "--out"), *((to, "--also") for _, to in others)]:
        check_out(each, option=option)
        require_place(each, force=force, option=option)
    for file, to in others:
        check_columns(to, open_source(file), option="--also")
    recipe = typed_recipe(
        Typed(
            files or [],
            recipe_file,
            data_folder,
            family,
            data,
            weights or [],
            evaluations or [],
            test_share,
            options or [],
            seed,
            [],
        )
    )
    sources = [*(each.source for each in recipe.of_people().data), *recipe.evaluation.values()]
    inputs = [*map(Path, sources), *([recipe_file] if recipe_file else []), *(file for file, _ in others)]
    _require_apart([out, *(to for _, to in others)], inputs)
    from sentiment_training.checkpoints import open_cache

    cache = open_cache(cache_folder)
    import numpy as np

    from sentiment_training.crossfit import crossfit as answer
    from sentiment_training.progress import shown_progress
    from sentiment_training.scores import scores
    from sentiment_training.scoring.folds import answered, read_asked, write_answers
    from sentiment_training.scoring.scoring import score_file
    from sentiment_training.tables import scores_table

    asked = [read_asked(file, folds) for file, _ in others]
    told = []
    with shown_progress() as progress:
        found = answer(recipe, folds, asked, progress, progress.say, cache, fresh=fresh)
        write_answers(out, found, folds)
        for (file, to), texts, probability in zip(others, asked, found.asked, strict=True):
            scored = score_file(file, to, answered(texts, probability, file.name), progress)
            without = f", {scored.without_text:,} of them without text" if scored.without_text else ""
            told.append(f"{scored.rows:,} rows of {file.name}{without}: {to}")
    learned = found.learned
    measured = {
        name: scores(found.probability[rows], learned.labels[rows])
        for number, name in enumerate(learned.names)
        if len(rows := np.flatnonzero(learned.domains == number))
    }
    print_table(scores_table(measured))
    told.append(f"{len(learned):,} tweets, each answered by a model that has not learned it: {out}")
    for line in told:
        plain_console().print(line, soft_wrap=True)
    plain_console(stderr=True).print(f"to learn from them: vigie train … -o teacher={out}", soft_wrap=True)


def _require_apart(written: list[Path], read: list[Path]) -> None:
    """Raise OptionError if a file would be written over one that is read, or over another that is written."""
    places = [each.resolve() for each in [*written, *read]]
    for each in written:
        if places.count(each.resolve()) > 1:
            raise OptionError(
                f"{each} is written to, and named elsewhere in the command; give it another name"
            )
