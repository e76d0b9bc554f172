"""Tells a text in a language that a model does not know, where it is sure of it.

Naive Bayes over the longest n-gram of bytes that ends at each place: a small copy of py3langid's model
(BSD-3-Clause; Barbaresi 2026, after Lui and Baldwin 2012), made by `scripts/distil_languages.py`. It takes
about 0.03 ms a tweet and 12 MB.
"""

import math
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

LANGUAGE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "af": "Afrikaans", "am": "Amharic", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian",
        "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish",
        "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque",
        "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "gu": "Gujarati",
        "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "ht": "Haitian Creole", "hu": "Hungarian",
        "hy": "Armenian", "id": "Indonesian or Malay", "is": "Icelandic", "it": "Italian", "ja": "Japanese",
        "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ko": "Korean", "ku": "Kurdish",
        "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "ml": "Malayalam",
        "mn": "Mongolian", "mr": "Marathi", "mt": "Maltese", "my": "Burmese", "ne": "Nepali",
        "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese",
        "ro": "Romanian", "ru": "Russian", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian", "so": "Somali",
        "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu",
        "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
        "vi": "Vietnamese", "zh": "Chinese",
    }
)  # fmt: skip
"""ISO 639-1 code → English name, of every language that can be told."""

_TOLD = frozenset(LANGUAGE_NAMES)
_NO_LANGUAGE = "zxx"  # numbers, signs, names of files

# What a tweet carries in any language.
_NOISE = re.compile(r"https?\S*|[@#]\w+|\b(?:USER|URL|RT)\b")

# How many times likelier the unknown language must be than the likeliest known one. At 20, one of 540 tweets
# of Sentiment140 is taken for another language, and nearly all of those are in one (docs/figures.md).
_SURE = 20.0
# Bytes below which nothing is said: "merci", "ok ok", a name.
_SHORTEST = 10
# Characters that are looked at: enough for certainty, and a long text costs no more.
_LONGEST = 400


def foreign_language(text: str, known: frozenset[str]) -> str | None:
    """Say which language a text is in, if it is surely none of the known ones.

    Parameters
    ----------
    known
        ISO 639-1 codes. Where there is none, or one is not in `LANGUAGE_NAMES`, nothing can be said.

    Returns
    -------
    str or None
        A code; None where the text may well be in a known language, or is too short to tell.
    """
    if not known or not known <= _TOLD:
        return None
    plain = _NOISE.sub(" ", text[:_LONGEST]).strip()
    return _identifier().foreign(plain, known)


def language_names(codes: Sequence[str]) -> str:
    """Name languages as a person would: *English, French and German*."""
    names = [LANGUAGE_NAMES.get(code, code) for code in codes]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


@dataclass(frozen=True)
class _Identifier:
    """The automaton and the weights.

    For each state, `found` names the n-gram that ends there (-1: none), and `row` where its moves begin.
    """

    codes: list[str]
    prior: npt.NDArray[np.float32]
    weights: npt.NDArray[np.uint8]
    step: float
    low: float
    moves: "array[int]"
    row: "array[int]"
    found: "array[int]"

    def foreign(self, text: str, known: frozenset[str]) -> str | None:
        raw = unicodedata.normalize("NFC", text.lower() if text.isupper() else text).encode(
            "utf-8", "surrogatepass"
        )
        if len(raw) < _SHORTEST:
            return None
        state, moves, row, found = 0, self.moves, self.row, self.found
        ngrams = []
        for byte in raw:
            state = moves[row[state] + byte]
            if (ngram := found[state]) >= 0:
                ngrams.append(ngram)
        if not ngrams:
            return None
        counts = Counter(ngrams)
        # Repeated, it says less each time; √length keeps a long text from certainty that it has not earned.
        times = np.log1p(np.fromiter(counts.values(), np.float32, len(counts)))
        scores = (times @ self.weights[list(counts)]) * self.step + self.low * times.sum() + self.prior
        scores /= math.sqrt(len(raw))
        best = self.codes[int(scores.argmax())]
        if best in known or best == _NO_LANGUAGE:
            return None
        likeliest_known = max(scores[self.codes.index(code)] for code in known)
        return best if scores.max() - likeliest_known >= math.log(_SURE) else None


@cache
def _identifier() -> _Identifier:
    with files("sentiment").joinpath("languages.npz").open("rb") as file, np.load(file) as data:
        step, low = data["scale"].tolist()
        return _Identifier(
            codes=data["codes"].tolist(),
            prior=data["prior"],
            weights=data["weights"],
            step=step,
            low=low,
            moves=array("H", data["moves"].tobytes()),
            row=array("I", (data["row"].astype(np.uint32) * 256).tobytes()),
            found=array("i", data["found"].tobytes()),
        )
