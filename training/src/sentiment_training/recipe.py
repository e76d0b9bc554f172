"""What to train, on what, and how, wherever it was said: typed, or in a recipe file."""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sentiment import LANGUAGE_NAMES
from sentiment_training.errors import OptionError

HELD_OUT = "heldout"
"""What metrics call the rows that a training holds out."""

LARGEST_WEIGHT = 1_000.0


@dataclass(frozen=True)
class Source:
    """A data set to learn from.

    Attributes
    ----------
    source
        What `load_dataset` takes.
    weight
        How much each of its rows counts, above 0.
    rows
        To learn from, at most, evenly chosen; None takes all. What is held out stays the same.
    strangers
        Share of the rows to learn from that are learned once more, the accounts that they mention under
        made-up names; from 0 to 1.
    held_out
        Whether rows are held out, to choose by and to measure on. Nothing can be measured on labels that no
        person gave: where a model labelled the data set, all of it is learned.
    neutral
        How much each neutral row counts against one of the others, half of it as negative and half as
        positive; from 0, which leaves them out, to 1. Nothing is measured on them. Koppel and Schler 2006,
        "The Importance of Neutral Examples for Learning Sentiment".
    """

    source: str
    weight: float = 1.0
    rows: int | None = None
    strangers: float = 0.0
    held_out: bool = True
    neutral: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """What to train, on what, and how.

    Attributes
    ----------
    family
        Its name.
    data
        At least one.
    evaluation
        Name → what `load_dataset` takes.
    options
        Of the family, as a person types them.
    test_share
        Share of each data set to hold out.
    seed
        For what is random in training.
    languages
        ISO 639-1 codes of the languages that the texts are in.
    most_evaluated
        Rows of each data set that are measured, evenly chosen; None measures all. For families that take
        milliseconds a text.
    """

    family: str
    data: Sequence[Source]
    evaluation: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    test_share: float = 0.1
    seed: int = 0
    languages: Sequence[str] = ("en",)
    most_evaluated: int | None = None

    def of_people(self) -> "Recipe":
        """Return it without what a model labelled, and without what people called neutral."""
        return replace(self, data=[replace(each, neutral=0.0) for each in self.data if each.held_out])


def checked_name(name: str) -> str:
    """Return the name of an evaluation set, which becomes a part of metrics' names.

    Raises
    ------
    OptionError
        If it has other characters than letters, digits, - and _, or is one that held-out rows have.
    """
    if not name.replace("-", "").replace("_", "").isalnum() or name.startswith(HELD_OUT):
        raise OptionError(
            f"{name!r:.100} cannot name an evaluation set: a name has letters, digits, - and _, and does not "
            f"begin with {HELD_OUT}"
        )
    return name


def checked_weight(name: str, weight: float) -> float:
    """Return the weight of a data set.

    Raises
    ------
    OptionError
        If it is not above 0 and at most 1000.
    """
    if not (math.isfinite(weight) and 0 < weight <= LARGEST_WEIGHT):
        raise OptionError(f"the weight of {name} must lie above 0 and at most at 1000, not at {weight:g}")
    return weight


def checked_languages(codes: object) -> Sequence[str]:
    """Return the codes of languages in lower case, each once.

    Raises
    ------
    OptionError
        If there is none, or one is not known.
    """
    if not (isinstance(codes, list) and codes and all(isinstance(code, str) for code in codes)):
        raise OptionError(f"languages is a list of codes such as en or fr, not {codes!r:.100}")
    lower = [code.strip().lower() for code in codes]
    if unknown := [code for code in lower if code not in LANGUAGE_NAMES]:
        raise OptionError(
            f"{unknown[0]!r:.20} is no code of a language that can be told; {_languages_like(unknown[0])}"
        )
    return tuple(dict.fromkeys(lower))


def _languages_like(word: str) -> str:
    """Say which languages have a code or a name like a word; how many there are where none has."""
    code_of = {spelled: code for code, name in LANGUAGE_NAMES.items() for spelled in (code, name.lower())}
    near = dict.fromkeys(code_of[each] for each in difflib.get_close_matches(word, code_of, cutoff=0.75))
    if near:
        return f"did you mean {' or '.join(f'{code} ({LANGUAGE_NAMES[code]})' for code in near)}?"
    return f"{len(LANGUAGE_NAMES)} can, each by its two letters in ISO 639-1, such as en or fr"
