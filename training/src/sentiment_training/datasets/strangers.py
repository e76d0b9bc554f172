"""Names that no tweet has mentioned: who learns a few accounts by heart would not know a new airline's."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from sentiment.cleaning_patterns import MENTIONS
from sentiment_training.datasets.dataset import Dataset

_MENTION = re.compile(MENTIONS)
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwz", "aeiou"
_FEWEST_SYLLABLES, _MOST_SYLLABLES = 3, 5


def with_strangers(dataset: Dataset, share: float, seed: int) -> Dataset:
    """Give every account that some of the texts mention a made-up name, another one in each text.

    Parameters
    ----------
    share
        Of the rows that are changed, chosen at random; from 0 to 1.
    """
    generator = np.random.default_rng(seed)
    texts = dataset.texts.to_pylist()
    names = _made_up(generator)
    for row in np.flatnonzero(generator.random(len(texts)) < share):
        texts[row] = _renamed(texts[row], names)
    return replace(dataset, texts=pa.array(texts, pa.large_string()))


def _renamed(text: str, names: Iterator[str]) -> str:
    known: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return known.setdefault(found[0].lower(), next(names))

    return _MENTION.sub(name, text)


def _made_up(generator: np.random.Generator) -> Iterator[str]:
    """Yield names that can be spoken, as most accounts' can: their parts are those of other words."""
    while True:
        syllables = generator.integers(_FEWEST_SYLLABLES, _MOST_SYLLABLES, endpoint=True)
        consonants = generator.choice([*_CONSONANTS], syllables)
        vowels = generator.choice([*_VOWELS], syllables)
        yield "@" + "".join(f"{first}{second}" for first, second in zip(consonants, vowels, strict=True))
