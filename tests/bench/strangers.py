"""How well versions read tweets to an account that training has not seen: held-out rows, to others.

    python tests/bench/strangers.py --recipe training/recipes/linear.toml --data-folder ../shared/data \\
        --data airline_dev BUNDLE...

The rows are those that the recipe holds out of that data set. They are asked as they are, then with every
account that they mention turned into each made-up one, then without any mention. A new airline's tweets are
read as well as the strangers' are.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiment import Bundle
from sentiment.cleaning_patterns import MENTIONS
from sentiment_training.material import prepare
from sentiment_training.progress import SilentProgress
from sentiment_training.recipe_files import read_recipe

STRANGERS = ("@airparadis", "@zyzxair", "@bofuru")


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE", help="a version's folder")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--data-folder", type=Path, default=Path())
    parser.add_argument("--data", required=True, help="the recipe's data set, by its name")
    chosen = parser.parse_args()
    material = prepare(read_recipe(chosen.recipe, chosen.data_folder), SilentProgress())
    rows = next(each.held_out for each in material.splits if each.held_out.name == chosen.data)
    asked = as_asked(rows.texts.to_pylist())
    print(f"| {len(rows):,} rows | " + " | ".join(asked) + " |")
    print("|---|" + "--:|" * len(asked))
    for folder in chosen.bundles:
        right = accuracies(Bundle.open(folder), asked, rows.labels)
        print(f"| {folder} | " + " | ".join(f"{each:.3f}" for each in right) + " |", flush=True)


def as_asked(texts: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The texts in each form, by what it is called."""
    renamed = {name: [re.sub(MENTIONS, name, text) for text in texts] for name in STRANGERS}
    without = [re.sub(MENTIONS, "", text) for text in texts]
    return {"as they are": texts, **renamed, "no mention": without}


def accuracies(
    bundle: Bundle, asked: Mapping[str, Sequence[str]], labels: NDArray[np.bool_]
) -> Sequence[float]:
    """Share of right answers to each form."""
    threshold = bundle.manifest.threshold
    return [float(((bundle.probabilities(texts) >= threshold) == labels).mean()) for texts in asked.values()]


if __name__ == "__main__":
    main()
