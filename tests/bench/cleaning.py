"""What each cleaning option is worth to a family, on validation rows of every domain, in pairs.

    python tests/bench/cleaning.py --family logreg ../shared/data/sentiment140_dev.parquet \\
        ../shared/data/airline_dev.parquet [--rows 100000] [--folds 3] [--keep FOLDER]

One option at a time is changed from `--base`; the model is trained anew and measured on rows that it has
not learned from. Held-out rows are not touched: folds are made of the others. Where users are known the folds
are of whole users, and every row is measured once; of a larger data set each fold learns `--rows` other rows
and is measured on another part of the validation rows. A difference is shown with the 95 % interval of the
paired differences of its rows; one that spans 0 may be chance. What a family refuses is left out: words that
its weights' own tokenizer does not see. `--keep` remembers what was measured, so that a run goes on where
another ended.
"""

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sentiment import Cleaning
from sentiment_training.datasets import Dataset, load_dataset, split, without_duplicates
from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES, Examples, Work
from sentiment_training.material import examples

Fold = tuple[Examples, list[Dataset]]
Right = dict[str, NDArray[np.bool_]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="data sets to learn from")
    parser.add_argument("--family", default="logreg")
    parser.add_argument("-o", "--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--base", default="plain", help="the cleaning that others are compared with")
    parser.add_argument(
        "--try", action="append", dest="tried", help="only this; all single changes without it"
    )
    parser.add_argument("--rows", type=int, default=100_000, help="of each data set, a fold, at most")
    parser.add_argument(
        "--measured", type=int, default=20_000, help="of each large data set, a fold, at most"
    )
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder for what was measured")
    chosen = parser.parse_args()
    options = dict(each.split("=", 1) for each in chosen.option)
    base = str(Cleaning.parse(chosen.base))
    tried = [str(Cleaning.parse(text)) for text in chosen.tried] if chosen.tried else single_changes(base)
    tried = [each for each in tried if is_taken(chosen.family, {**options, "cleaning": each})]

    datasets = [load_dataset(str(file)) for file in chosen.files]
    folds = list(made_folds(datasets, chosen.rows, chosen.measured, chosen.folds))
    print(", ".join(f"{name}: {n:,}" for name, n in sizes(folds).items()), "rows measured", file=sys.stderr)
    reference = measured(chosen.family, {**options, "cleaning": base}, folds, chosen)
    print(f"| {chosen.family} | " + " | ".join(reference) + " |")
    print("|---|" + "--:|" * len(reference))
    print(f"| {base} | " + " | ".join(f"{right.mean():.4f}" for right in reference.values()) + " |")
    for cleaning in tried:
        right = measured(chosen.family, {**options, "cleaning": cleaning}, folds, chosen)
        cells = [difference(right[name], reference[name]) for name in reference]
        print(f"| {changed(base, cleaning)} | " + " | ".join(cells) + " |", flush=True)


def single_changes(base: str) -> list[str]:
    """List every cleaning that differs from the base in one option."""
    given = {} if base == "plain" else dict(each.split("=") for each in base.split(","))
    return [
        str(Cleaning.parse(",".join(f"{key}={value}" for key, value in {**given, name: choice}.items())))
        for name, choices in Cleaning.choices().items()
        for choice in choices
        if choice != given.get(name, choices[0])
    ]


def is_taken(family: str, options: dict[str, str]) -> bool:
    try:
        FAMILIES[family].check(options)
    except OptionError as error:
        print(f"left out: {error}", file=sys.stderr)
        return False
    return True


def changed(base: str, cleaning: str) -> str:
    """Name only what is changed."""
    plain, now = Cleaning.parse(base), Cleaning.parse(cleaning)
    names = [name for name in Cleaning.choices() if getattr(plain, name) != getattr(now, name)]
    spelled = {True: "on", False: "off"}
    return (
        ", ".join(f"`{name}={spelled.get(getattr(now, name), getattr(now, name))}`" for name in names)
        or "nothing"
    )


def made_folds(datasets: Sequence[Dataset], rows: int, most_measured: int, folds: int) -> Iterator[Fold]:
    """Yield what each fold learns, and what it is measured on."""
    sides = [split(each, most_validated=most_measured * folds) for each in without_duplicates(datasets)]
    for fold in range(folds):
        learned, measured_on = [], []
        for side in sides:
            if side.train.groups is not None:
                everybody = Dataset(
                    name=side.train.name,
                    texts=pa.concat_arrays([side.train.texts, side.validation.texts]),
                    labels=np.concatenate([side.train.labels, side.validation.labels]),
                )
                groups = np.concatenate([side.train.groups, side.validation.groups])
                here = groups // 7 % folds == fold
                learned.append(everybody.where(~here).thinned(rows))
                measured_on.append(everybody.where(here))
            else:
                turn = np.arange(len(side.train)) % folds == fold
                learned.append(side.train.where(turn).thinned(rows))
                turn = np.arange(len(side.validation)) % folds == fold
                measured_on.append(side.validation.where(turn))
        yield examples(learned, [1.0] * len(learned)), measured_on


def sizes(folds: Sequence[Fold]) -> dict[str, int]:
    names = [each.name for each in folds[0][1]]
    return {name: sum(len(fold[1][place]) for fold in folds) for place, name in enumerate(names)}


def measured(
    family: str, options: dict[str, str], folds: Sequence[Fold], chosen: argparse.Namespace
) -> Right:
    """Train on each fold, and say of every measured row whether its label was found."""
    right: dict[str, list[NDArray[np.bool_]]] = {}
    for number, (learned, measured_on) in enumerate(folds):
        key = json.dumps(
            [family, options, chosen.rows, chosen.measured, chosen.folds, number, [*map(str, chosen.files)]]
        )
        kept = chosen.keep and chosen.keep / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
        if kept and kept.exists():
            with np.load(kept) as file:
                found = {name: file[name] for name in file.files}
        else:
            # What it chooses by, if it does, is no row that it is measured on.
            choosing = np.arange(len(learned)) % 10 == 0
            choosing &= FAMILIES[family].needs_validation
            model = FAMILIES[family].fit(part(learned, ~choosing), part(learned, choosing), options, Work())
            found = {
                each.name: (model.probabilities(each.texts.to_pylist()) >= 0.5) == each.labels
                for each in measured_on
            }
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                np.savez(kept, **found)
        for name, each in found.items():
            right.setdefault(name, []).append(each)
    return {name: np.concatenate(each) for name, each in right.items()}


def part(rows: Examples, chosen: NDArray[np.bool_]) -> Examples:
    return Examples(
        texts=[rows.texts[row] for row in np.flatnonzero(chosen)],
        labels=rows.labels[chosen],
        weights=rows.weights[chosen],
        domains=rows.domains[chosen],
        names=rows.names,
    )


def difference(right: NDArray[np.bool_], reference: NDArray[np.bool_]) -> str:
    """Return the paired difference in points with its 95 % interval (normal, as McNemar's test)."""
    each = right.astype(np.int64) - reference
    half = 1.96 * math.sqrt(float(each.var()) / len(each))
    mean = float(each.mean())
    mark = "**" if abs(mean) > half else ""
    return f"{mark}{100 * mean:+.2f}{mark} ± {100 * half:.2f}"


if __name__ == "__main__":
    main()
