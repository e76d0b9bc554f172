"""Takes out of a text whatever could name somebody, before anything is stored or compared.

| what | becomes |
|---|---|
| a link, a bare domain name | `[url]` |
| an e-mail address | `[email]` |
| a mention | `@user` |
| a telephone number | `[phone]` |

The bundle's own cleaning reads `@user` and `[url]` as it reads any mention and any link, so a masked report
can be labelled and trained on as if it were the original.
"""

import re
import unicodedata

_LINK = "[url]"
_EMAIL = "[email]"
_MENTION = "@user"
_PHONE = "[phone]"

# Every sign that is an @ to some reader.
_AT = "[@\uff20\ufe6b]"

_LINKS = re.compile(r"[a-z0-9+.\-]*://\S+|www\.\S+", re.IGNORECASE)

_EMAILS = re.compile(rf"[\w.+%'\-]+{_AT}[\w\-]+(?:\.[\w\-]+)*")

# With a path any ending counts (bit.ly/x); without one only endings that are no word after a forgotten space
# ("thanks.it was great" is no link).
_DOMAINS = re.compile(
    r"(?<![\w@.\-])(?:[a-z0-9\-]+\.)+(?:[a-z]{2,24}/\S*|(?:com|org|net|edu|gov|info|biz|aero|io|fr|de|uk|eu)\b)",
    re.IGNORECASE,
)

_MENTIONS = re.compile(rf"{_AT}\w+")

# Digits with what people put between them. What is no telephone number is sorted out below.
# A plus begins one wherever it stands, also right after another number.
_NUMBERS = re.compile(r"(?:(?<![\w.,+])\(?|(?<![.,+])\+)\d(?:[ \t\u00a0().\-/]{0,3}\d){7,}(?!\w)")
# Not the middle of 06.12.34.56.78.
_DATE = re.compile(
    r"(?<!\d)(?<!\d[-./])(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:\d{4}|\d{2}))(?![-./]?\d)"
)
_NORTH_AMERICAN = re.compile(r"(?:1[ .\-]?)?\(?[2-9]\d{2}\)?[ .\-]{1,2}\d{3}[ .\-]\d{4}")

# E.164: at most 15 digits, country code included; the shortest national numbers that are written out have 9.
_MOST_DIGITS = 15
_FEWEST_NATIONAL = 9
_MOST_NATIONAL = 12
_FEWEST_UNBROKEN = 10


def mask(text: str) -> str:
    """Return the text without control characters and with every trace of a person masked.

    Masking what is masked already changes nothing.
    """
    text = "".join(_visible(character) for character in text)
    text = _LINKS.sub(_LINK, text)
    text = _EMAILS.sub(_EMAIL, text)
    text = _DOMAINS.sub(_LINK, text)
    text = _MENTIONS.sub(_MENTION, text)
    return _NUMBERS.sub(_mask_number, text)


def _visible(character: str) -> str:
    if character in "\t\n":
        return character
    # Control characters (PostgreSQL cannot store NUL) would hide a name from the patterns.
    return " " if unicodedata.category(character) == "Cc" else character


def _mask_number(found: re.Match[str]) -> str:
    return _PHONE if _is_phone(found.group()) else found.group()


def _is_phone(written: str) -> bool:
    digits = sum(character.isdecimal() for character in written)
    if written.startswith(("+", "00")):
        return digits <= _MOST_DIGITS
    if _DATE.search(written):
        return False
    if written.lstrip("(").startswith("0"):
        return _FEWEST_NATIONAL <= digits <= _MOST_NATIONAL
    if _NORTH_AMERICAN.fullmatch(written):
        return True
    return len(written) == digits and _FEWEST_UNBROKEN <= digits <= _MOST_DIGITS
