"""Texts that nobody wrote, made of those that somebody did, for a teacher to answer.

A few thousand tweets show a student little of what its teacher knows; the teacher's answers to variants of
them show more. Tang, Lu, Liu, Mou, Vechtomova and Lin 2019, "Distilling Task-Specific Knowledge from BERT
into Simple Neural Networks": a run of words is kept, as there; words are left out where they are masked
there, and phrases of other texts stand where words of the same part of speech do.
"""

from collections.abc import Sequence

import numpy as np

_FEWEST_WORDS = 3
_KEPT_SHARE = 0.4, 0.8  # of the words, where a run of them is kept
_LONGEST_PHRASE = 3
_LEFT_OUT = 0.08  # of the words, of every variant

Words = Sequence[str]


def varied(texts: Sequence[str], copies: int, seed: int) -> list[str]:
    """Make variants of texts; none is one of the texts, and none is there twice.

    Each is a run of a text's words, or its beginning with another text's end, or the text with one or two
    phrases of another one in it; then a word in twelve is left out. Whether it is negative or positive nobody
    knows: its text may be the other thing.

    Parameters
    ----------
    copies
        Variants of each text at most, 1 or more; texts of fewer than three words have none.

    Returns
    -------
    list
        In the order of their texts.
    """
    generator = np.random.default_rng(seed)
    split = [words for words in (text.split() for text in texts) if words]
    known = set(texts)
    made: dict[str, None] = {}
    for words in split:
        if len(words) < _FEWEST_WORDS:
            continue
        for _ in range(copies):
            other = split[int(generator.integers(len(split)))]
            variant = " ".join(_thinned(_changed(words, other, generator), generator))
            if variant not in known:
                made[variant] = None
    return list(made)


def _changed(words: Words, other: Words, generator: np.random.Generator) -> Words:
    def below(end: int) -> int:
        return int(generator.integers(max(1, end)))

    match below(4):
        case 0:
            length = max(2, int(len(words) * generator.uniform(*_KEPT_SHARE)))
            start = below(len(words) - length + 1)
            return words[start : start + length]
        case 1:
            return [*words[: 1 + below(len(words) - 1)], *other[below(len(other)) :]]
        case _:
            for _ in range(1 + below(2)):
                length = 1 + below(_LONGEST_PHRASE)
                start, theirs = below(len(words) - length + 1), below(len(other) - length + 1)
                words = [*words[:start], *other[theirs : theirs + length], *words[start + length :]]
            return words


def _thinned(words: Words, generator: np.random.Generator) -> Words:
    kept = [
        word for word, chance in zip(words, generator.random(len(words)), strict=True) if chance > _LEFT_OUT
    ]
    return kept if len(kept) > 1 else words
