"""Places words in a picture, the more telling the larger."""

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import category

import matplotlib as mpl

from sentiment.cleaning_patterns import LINK, MENTION, STOP_WORDS
from sentiment_training.errors import OptionError
from sentiment_training.exploration.ngrams import Typical

WIDTH, HEIGHT = 560, 340
MOST_WORDS = 70
_LARGEST, _SMALLEST = 74, 11
# Measured with what the page falls back on; Verdana has the same widths.
_FONT = Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
_INSTALL = "`uv sync --all-packages --extra explore`"


@dataclass(frozen=True)
class PlacedWord:
    """A word in a cloud: left end and base line, size and width, in units of the picture."""

    text: str
    x: float
    y: float
    size: int
    width: float
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
    """Place words by how typical they are (by their counts where there is nothing to compare with)."""
    from PIL import ImageFont  # noqa: PLC0415 - comes with wordcloud, in an extra
    from wordcloud import WordCloud  # noqa: PLC0415 - in an extra

    told = {each.text: each for each in words[:MOST_WORDS]}
    if not told:
        return []
    placed = WordCloud(
        font_path=str(_FONT),
        width=WIDTH,
        height=HEIGHT,
        margin=3,
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
    for (word, _), size, (top, left), _, _ in placed.layout_:
        font = ImageFont.truetype(str(_FONT), size)
        x0, _, x1, _ = font.getbbox(word)
        # The layout places the ink's box; SVG wants the base line.
        ascent, _ = font.getmetrics()
        found.append(
            PlacedWord(
                word,
                float(left - x0),
                float(top + ascent - font.getbbox(word)[1]),
                int(size),
                float(x1 - x0),
                told[word].z,
                told[word].inside,
            )
        )
    return found
