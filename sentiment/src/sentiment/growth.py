"""How many times longer cleaning may make a text, read from `tokenizer.json` before it is used.

A chain of replacements that multiply each other would fill the memory from a few kilobytes of file.
"""

import base64
import math
import re

from tokenizers import Regex
from tokenizers.normalizers import Replace

# An expression's escapes, looks around, the groups that are understood, other groups, single characters.
_PART = re.compile(r"\\.|\(\?<?[=!]|\(\?i?:|\(\?i\)|\((?!\?)|\(\?|.", re.DOTALL)
_LOOKS = frozenset({"(?=", "(?!", "(?<=", "(?<!"})
_ANCHORS = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\Z", r"\z", r"\G"})
_NOTHING = "(?:)"
_LONGEST_FORM = 18  # characters: what U+FDFA becomes in NFKC, and in SentencePiece's own tables
# What can make a match empty although it passes over characters, or refers to a group that is left out here;
# brackets that are read in two ways.
_UNCLEAR = re.compile(r"\\[Kkg1-9]|\[\^?\]")


def growth(normalizer: object) -> int:
    """Return a bound for how many times longer a text becomes, whatever its characters.

    Unicode's own forms, which make one character up to 18, are not reckoned: they do not multiply. Neither
    are those of a table that does no more.

    Parameters
    ----------
    normalizer
        As in `tokenizer.json`.
    """
    if not isinstance(normalizer, dict):
        return 1
    if normalizer.get("type") == "Precompiled":
        return _growth_of_table(normalizer.get("precompiled_charsmap"))
    content = len(normalizer.get("content") or "")
    pattern = normalizer.get("pattern") or {}
    if literal := pattern.get("String"):
        longer = max(1, math.ceil(content / len(literal)))
    elif may_match_nothing(pattern.get("Regex") or ""):
        longer = 1 + content  # before every character, which stays
    else:
        longer = max(1, content)
    # One character put before a text, as many tokenizers do, does not multiply.
    longer *= max(1, len(normalizer.get("prepend") or ""))
    return longer * math.prod(growth(step) for step in normalizer.get("normalizers") or ())


def _growth_of_table(charsmap: object) -> int:
    """Bound what a table of SentencePiece's makes of one character, beyond what Unicode's own forms do.

    It is the size of a trie, the trie, and the texts that it points into, each with a NUL at its end.
    """
    try:
        table = base64.b64decode(str(charsmap), validate=True)
    except ValueError:
        return 1  # tokenizers refuses it, too
    texts = table[4 + int.from_bytes(table[:4], "little") :].decode("utf-8", "replace")
    return max(1, math.ceil(max(map(len, texts.split("\0"))) / _LONGEST_FORM))


def may_match_nothing(pattern: str) -> bool:
    """Say whether an expression of Oniguruma may match between two characters; True where it is unclear.

    Without what it sees around it, it matches wherever it did and more; and then it may match nothing
    anywhere only if it does so at the end of a text.
    """
    seen = _without_looks(pattern)
    if seen is None:
        return True
    try:
        # At the end of a text, where nothing else is left to match.
        return Replace(Regex(rf"a(?:{seen})\z"), "").normalize_str("a") == ""
    except Exception:  # noqa: BLE001 - the only kind that tokenizers raises
        return True


def _without_looks(pattern: str) -> str | None:
    """Return the expression without looks around and anchors; None where it cannot be told."""
    if _UNCLEAR.search(pattern):
        return None
    kept: list[str] = []
    groups: list[bool] = []  # whether each open one is a look
    brackets = 0
    for part in _PART.findall(pattern):
        text = part
        if brackets or part == "[":
            brackets += (part == "[") - (part == "]")
        elif part == "(?":
            return None
        elif part in _LOOKS or (part[0] == "(" and part != "(?i)"):
            groups.append(part in _LOOKS)
        elif part in _ANCHORS or (part == ")" and groups and groups.pop()):
            text = _NOTHING
        if not any(groups):
            kept.append(text)
    return None if groups or brackets else "".join(kept)
