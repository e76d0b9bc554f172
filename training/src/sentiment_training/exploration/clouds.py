"""Places words in a picture, the more telling the larger."""

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unicodedata import category, east_asian_width

import matplotlib as mpl
from matplotlib.ft2font import FT2Font

from sentiment.cleaning_patterns import LINK, MENTION, STOP_WORDS
from sentiment_training.errors import OptionError
from sentiment_training.exploration.ngrams import Typical

WIDTH, HEIGHT = 560, 340
MOST_WORDS = 70
_LARGEST, _SMALLEST = 74, 11
# Half of it stays free around each word: less than the space between two words reads as a word of both.
_MARGIN = 24
# Measured with what the page falls back on; Verdana has the same widths.
_FONT = Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
# Here begin the two planes of Unicode that no font fills: one for each character of the first two.
_NOWHERE, _PLANES = 0xF0000, 0x20000
_INSTALL = "`uv sync --all-packages --extra explore`"


@dataclass(frozen=True)
class PlacedWord:
    """A word in a cloud: left end and base line, size and width, in units of the picture; `n` texts hold it.

    The width is None where the font that measures lacks a part of the word: the page shows it in another.
    """

    text: str
    x: float
    y: float
    size: int
    width: float | None
    z: float
    n: int


def require_wordcloud() -> None:
    """Raise OptionError if the package that places words is not installed."""
    if importlib.util.find_spec("wordcloud") is None:
        raise OptionError(f"`vigie explore` needs the package wordcloud; run {_INSTALL}")


def telling(word: Typical, classes: int) -> bool:
    """Whether a word says something by itself.

    It has a letter or is a picture, and stands for no mention or link; where there is no other class to
    compare with, it is none that cleaning would take for a stop word.
    """
    if word.text in {MENTION.strip(), LINK.strip()}:
        return False
    if not any(character.isalpha() or category(character) == "So" for character in word.text):
        return False
    return classes > 1 or not re.fullmatch(STOP_WORDS, word.text)


def cloud(words: Sequence[Typical], seed: int) -> list[PlacedWord]:
    """Place words by how typical they are (by how many texts hold them where there is nothing else)."""
    from PIL import ImageFont  # noqa: PLC0415 - comes with wordcloud, in an extra
    from wordcloud import WordCloud  # noqa: PLC0415 - in an extra

    told = {_measured(each.text): each for each in words[:MOST_WORDS]}
    if not told:
        return []
    placed = WordCloud(
        font_path=str(_FONT),
        width=WIDTH,
        height=HEIGHT,
        margin=_MARGIN,
        prefer_horizontal=1,
        max_words=MOST_WORDS,
        max_font_size=_LARGEST,
        min_font_size=_SMALLEST,
        relative_scaling=0.5,
        random_state=seed,
        # The page's style sheet colours them; the default would load pyplot.
        color_func=lambda *_, **__: "black",
    ).generate_from_frequencies({word: each.z or float(each.inside) for word, each in told.items()})
    found = []
    for (measured, _), size, (top, left), _, _ in placed.layout_:
        word = told[measured]
        font = ImageFont.truetype(str(_FONT), size)
        x0, y0, x1, _ = font.getbbox(measured)
        # The layout places the ink's box; SVG wants the base line.
        ascent, _ = font.getmetrics()
        found.append(
            PlacedWord(
                word.text,
                float(left - x0),
                float(top + ascent - y0),
                int(size),
                None if any(_foreign(each) for each in word.text) else float(x1 - x0),
                word.z,
                word.inside,
            )
        )
    return found


def _measured(word: str) -> str:
    """Give a word that takes as much room in the font that measures as this one in those that show it.

    A picture is about 1.3 times as wide as high: two of the boxes that stand for what a font lacks.
    """
    return "".join(2 * chr(_NOWHERE + ord(each) % _PLANES) if _wide(each) else each for each in word)


def _wide(character: str) -> bool:
    return category(character) == "So" or east_asian_width(character) in {"F", "W"}


def _foreign(character: str) -> bool:
    return _wide(character) or ord(character) not in _characters()


@cache
def _characters() -> frozenset[int]:
    return frozenset(FT2Font(str(_FONT)).get_charmap())
