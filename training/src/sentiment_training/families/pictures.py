"""Which word an emoji or an emoticon stands for.

An emoji's word comes from its Unicode name: the feeling that the name tells of (the first of `_FEELINGS`
found in it), else the name's last word that is no description of the drawing.
"""

import itertools
import unicodedata
from functools import cache

# A part of a Unicode name and the word for it, the more particular first.
_FEELINGS = {
    "BROKEN HEART": "heartbroken",
    "TEARS OF JOY": "lol",
    "LAUGHING": "lol",
    "HEART": "love",
    "LOVE": "love",
    "KISS": "kiss",
    "CRYING": "crying",
    "ANGR": "angry",
    "POUTING": "angry",
    "TRIUMPH": "angry",
    "SERIOUS FACE": "angry",
    "MIDDLE FINGER": "angry",
    "DISAPPOINTED": "disappointed",
    "PENSIVE": "sad",
    "FROWN": "sad",
    "WEARY": "tired",
    "TIRED": "tired",
    "SLEEP": "sleepy",
    "UNAMUSED": "annoyed",
    "EXPRESSIONLESS": "annoyed",
    "ROLLING EYES": "annoyed",
    "CONFUSED": "confused",
    "CONFOUNDED": "confused",
    "WORRIED": "worried",
    "ANGUISHED": "worried",
    "SCREAM": "scared",
    "FEAR": "scared",
    "NAUSEATED": "sick",
    "VOMITING": "sick",
    "MEDICAL MASK": "sick",
    "THERMOMETER": "sick",
    "THUMBS UP": "good",
    "THUMBS DOWN": "bad",
    "CLAPPING": "congrats",
    "CELEBRATION": "hooray",
    "PARTY": "party",
    "FOLDED HANDS": "please",
    "NO GOOD": "no",
    "POO": "poop",
    "SMIL": "smile",
    "GRINNING": "smile",
    "WINKING": "smile",
    "AIRPLANE": "plane",
}
# Words of names that say how something is drawn.
_DRAWING = frozenset(
    """
    a and at black blue button circled closed cold dark face for from green heavy in left letter light medium
    of on open outlined over person regional right sign small squared suit symbol the up white with
    """.split()  # noqa: SIM905 - quoted words read worse
)
# Miscellaneous symbols and dingbats; then the planes of pictographs up to their extension A.
_BLOCKS = (range(0x2600, 0x27C0), range(0x1F300, 0x1FB00))

_EYES, _NOSES = ":;=", ("", "'", "-")
_MOUTHS = {
    ")": "smile",
    "]": "smile",
    "d": "lol",
    "p": "lol",
    "(": "sad",
    "[": "sad",
    "/": "annoyed",
    "\\": "annoyed",
    "|": "annoyed",
    "o": "wow",
}
EMOTICON_WORDS = {
    eyes + nose + mouth: "crying" if nose == "'" and word == "sad" else word
    for eyes, nose, (mouth, word) in itertools.product(_EYES, _NOSES, _MOUTHS.items())
} | {"<3": "love"}


@cache
def emoji_words() -> dict[str, str]:
    """Return the word of each emoji that this Python's Unicode tables name."""
    words = {}
    for code in itertools.chain(*_BLOCKS):
        name = unicodedata.name(chr(code), "")
        if unicodedata.category(chr(code)) == "So" and (word := _word(name)):
            words[chr(code)] = word
    return words


def _word(name: str) -> str | None:
    for part, word in _FEELINGS.items():
        if part in name:
            return word
    telling = [word for word in name.lower().replace("-", " ").split() if word not in _DRAWING]
    return telling[-1] if telling else None
