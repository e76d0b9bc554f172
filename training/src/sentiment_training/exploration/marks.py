"""How often the tweets of each class hold a mark that often carries feeling."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from sentiment.cleaning_patterns import ENTITIES, NEGATIONS
from sentiment_training.datasets.dataset import BoolArray, Texts
from sentiment_training.exploration.corpus import Corpus
from sentiment_training.scores import Estimate, wilson

# In RE2's syntax. English negations; after the entities of HTML were read, so that `&quot;)` does not wink.
PATTERNS = {
    "negations": rf"(?i)\b(?:{'|'.join(sorted(NEGATIONS))})\b|n['’]t\b",
    "exclamation marks": r"!",
    "question marks": r"\?",
    "dots (...)": r"\.\.|…",
    "happy emoticons": (
        r"(?:^|[\s\w.,!?])[:;=][\-o']?(?:[)\]*]|[dDpP]\b)|(?:^|\s)[(\[][\-o]?[:;=]|<3|\^_*\^|\b[xX]D\b"
    ),
    # The slash of `http://` pulls no face.
    "sad emoticons": (
        r"(?:^|[\s\w.,!?])[:;=]['\-o]{0,2}[(\[|/\\](?:[^/]|$)|</3|(?:^|\s)D:|\b[tT]_+[tT]\b|(?:^|\s)-_+-"
    ),
    "emojis": r"[\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B50}\x{1F1E6}-\x{1F1FF}]",
    "hashtags": r"(?:^|[^\w&])#\w*\pL",
    "links": r"(?i)https?://\S|\bwww\.\S|\bhttp\b|\bURL\b",
    "mentions": r"(?:^|[^\w.])@\w|\bUSER\b",
    "words in capitals": r"\b\p{Lu}{3,}\b",
}
# What published data sets put in place of a name or a link shouts at nobody.
_PLACEHOLDERS = r"\b(?:USER|URL|HTTP|http)\b"


@dataclass(frozen=True)
class Mark:
    """The share of each class's texts that hold a mark at least once, with 95 % intervals (Wilson 1927)."""

    name: str
    shares: Sequence[Estimate]


def marks(corpus: Corpus) -> list[Mark]:
    """Count the texts with each mark."""
    texts = corpus.texts
    for entity, character in ENTITIES.items():
        texts = pc.replace_substring(texts, entity, character)
    found = {}
    for name, pattern in PATTERNS.items():
        if name == "words in capitals":
            texts = pc.replace_substring_regex(texts, _PLACEHOLDERS, " ")
        found[name] = holds(texts, pattern)
    sizes = [int(corpus.of(code).sum()) for code in range(len(corpus.classes))]
    return [
        Mark(
            name,
            [wilson(int(flags[corpus.of(code)].sum()), size) for code, size in enumerate(sizes)],
        )
        for name, flags in found.items()
    ]


def holds(texts: Texts, pattern: str) -> BoolArray:
    """Say which texts match, shape (n,)."""
    flags: BoolArray = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return flags
