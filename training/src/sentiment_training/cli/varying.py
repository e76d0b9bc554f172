"""The command that makes texts for a teacher to answer: vary."""
# ruff: noqa: PLC0415 - each command imports what it needs when it is called

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sentiment_training.cli.application import app
from sentiment_training.cli.recipes import DataFolder, require_name

_MOST_COPIES = 100


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
    out: Annotated[Path, typer.Option(help="The file to write: .parquet or .csv.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> None:
    """Write variants of the tweets that a recipe learns from, for `vigie score` to label."""
    import pyarrow as pa

    from sentiment_training.datasets import varied
    from sentiment_training.datasets.sources import name_of
    from sentiment_training.files import require_place
    from sentiment_training.material import prepare
    from sentiment_training.progress import shown_progress
    from sentiment_training.recipe import read_recipe
    from sentiment_training.scoring.files import TEXT, check_out, written

    check_out(out)
    require_place(out, force=force)
    recipe = read_recipe(recipe_file, data_folder)
    # What a model labelled is not varied, and may be what comes of this.
    recipe = replace(recipe, data=[each for each in recipe.data if each.held_out])
    names = [name_of(each.source) for each in recipe.data]
    for name in data or ():
        require_name(f"--data {name}", name, names)
    with shown_progress() as progress:
        material = prepare(recipe, progress, validate=True)
        learned = [each.train for each in material.splits if each.train.name in (data or names)]
        made = []
        with progress.step("vary", len(learned)) as advance:
            for each in learned:
                made += varied(each.texts.to_pylist(), copies, recipe.seed)
                advance()
    with written(out, pa.schema([(TEXT, pa.string())])) as write:
        write(pa.record_batch([pa.array(made, pa.string())], names=[TEXT]))
    Console().print(
        f"{len(made):,} variants of {sum(map(len, learned)):,} tweets: {out}", highlight=False, soft_wrap=True
    )
