"""Names that no tweet has mentioned: who learns a few accounts by heart would not know a new airline's."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from sentiment.cleaning_patterns import MENTIONS
from sentiment_training.datasets.dataset import Dataset, joined

_MENTION = re.compile(MENTIONS)
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwz", "aeiou"
_FEWEST_SYLLABLES, _MOST_SYLLABLES = 3, 5


def with_strangers(dataset: Dataset, share: float, seed: int) -> Dataset:
    """Add copies of texts in which every account mentioned has a made-up name, another one in each text.

    The texts themselves stay, so nothing is unlearned about accounts that are known.

    Parameters
    ----------
    share
        Of the rows that are copied, chosen at random, from 0 to 1; those that mention nobody are not.
    """
    generator = np.random.default_rng(seed)
    names = _made_up(generator)
    chosen = dataset.where(generator.random(len(dataset)) < share)
    texts = chosen.texts.to_pylist()
    renamed = [_renamed(text, names) for text in texts]
    copies = replace(chosen, texts=pa.array(renamed, pa.large_string()))
    changed = [copy != text for copy, text in zip(renamed, texts, strict=True)]
    return joined(dataset.name, [dataset, copies.where(np.array(changed, np.bool_))])


def _renamed(text: str, names: Iterator[str]) -> str:
    known: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        account = found[0].lower()
        if account not in known:
            known[account] = next(names)
        return known[account]

    return _MENTION.sub(name, text)


def _made_up(generator: np.random.Generator) -> Iterator[str]:
    """Yield names that can be spoken, as most accounts' can: their parts are those of other words."""
    while True:
        syllables = generator.integers(_FEWEST_SYLLABLES, _MOST_SYLLABLES, endpoint=True)
        consonants = generator.choice([*_CONSONANTS], syllables)
        vowels = generator.choice([*_VOWELS], syllables)
        yield "@" + "".join(f"{first}{second}" for first, second in zip(consonants, vowels, strict=True))
