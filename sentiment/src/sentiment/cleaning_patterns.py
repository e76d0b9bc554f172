"""The patterns and word lists that cleaning is made of, as data.

Patterns are Oniguruma's, in Ruby's syntax. None takes more than linear time in the length of a text: what
looks back does so over a bounded length, and what repeats does not give back.
"""

import itertools
from collections.abc import Sequence

# What stands for any link and any mention. Published data sets (Sentiment140 as it is usually passed on)
# already carry these words, so live text and training text meet in the same token.
LINK = " url "
MENTION = " user "
# One character, so that no text grows.
NUMBER = "0"

# Twitter escapes only the first three; the others come from web pages that were pasted.
ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " ", "&amp;": "&"}

# U+200D joins emojis into one picture; every other invisible character is noise.
CONTROL_CHARACTERS = r"[\p{Cc}\p{Cf}&&[^\u200d]]+"

LINKS = r"(?i)(?:https?://|www\.)\S+"
MENTIONS = r"(?<![\w.])@\w+"

# Within a hashtag: its sign, its underscores, and the places where a word begins with a capital. The looks
# back end at 100 characters; no hashtag is as long.
HASHTAGS = (
    r"#(?=\w)"
    r"|_(?<=#\w{1,100})"
    r"|(?=\p{Lu})(?<=#\w{0,99}[\p{Ll}\d])"
    r"|(?=\p{Lu}\p{Ll})(?<=#\w{0,99}\p{Lu})"
)

# 12, 1,000.50, 10:30, 12/24; not the 3 of a heart (<3), nor what is part of a word (b737, 2nd).
NUMBERS = r"(?<![\w<])(?<!\d[.,:/])\d++(?:[.,:/]\d++)*+(?!\w)"

# As PIECE has them, but letters and slashes are a mouth only where no word begins or ends.
EMOTICONS = r"(?i)[:;=]['\-]?[()\[\]]+|(?<!\w)[:;=]['\-]?[dpo/\\|](?![\w/])|<3(?!\d)"

# All but the last two; of digits as well, which cost nothing when it was measured (docs/figures.md).
REPEATED_LETTERS = r"(\w)(?=\1\1)"

# Variation selectors, joiners and skin tones: a picture means the same without.
EMOJI_PARTS = r"[\x{FE0E}\x{FE0F}\x{200D}\x{1F3FB}-\x{1F3FF}]"
PICTURES = r"(?:[\p{Emoji_Presentation}\p{So}]|" + EMOJI_PARTS + ")+"

# A word keeps its inner apostrophes (don't); runs of ! ? . count as one mark; common emoticons and single
# emojis stay whole; other signs stand alone, but brackets, quotes, commas, colons and hyphens are dropped.
_WORD = r"\w+(?:'\w+)*"
_FACE = r"[:;=]['\-]?[()\[\]dpo/\\|]|<3"
PIECE = (
    _WORD + "|" + _FACE + r"|!+|\?+|\.\.+"
    r"|\p{Emoji_Presentation}"
    r"""|[^\s\w.,;:"'()\[\]\-]"""
)
# The same without marks and signs.
PUNCTUATION = _WORD + "|" + _FACE + r"|[\p{Emoji_Presentation}\p{So}]"

# The verbs before n't. Tweets leave its apostrophe out as often as not; "cant" and "wont" are hardly ever
# the nouns.
_NEGATED = "ai|are|ca|could|did|do|does|had|has|have|is|might|must|need|sha|should|was|were|wo|would"
CLITICS = (
    rf"(?<![\w'])(?i:{_NEGATED})(?=(?i:n'?t)(?![\w']))|(?i:n'?t)(?![\w'])"
    r"|\w++(?='(?i:s|re|ve|ll|d|m)(?![\w']))|'(?i:s|re|ve|ll|d|m)(?![\w'])"
)

# What CLITICS cuts off and the word it stands for. 's is left: it is a genitive, an "is" or a "has".
CLITIC_WORDS = {
    "n't": "not",
    "nt": "not",
    "'re": "are",
    "'ve": "have",
    "'ll": "will",
    "'d": "would",
    "'m": "am",
}

# What turns an opinion round or takes it back: never dropped, never merged with another word.
NEGATIONS = frozenset(
    """
    aint barely but cannot cant couldnt didnt doesnt dont hadnt hardly hasnt havent isnt neither never no
    nobody none nope nor not nothing nowhere nt rarely scarcely seldom shouldnt wasnt werent without wont
    wouldnt
    """.split()  # noqa: SIM905 - quoted words read worse
)

# Articles, pronouns, prepositions, conjunctions and auxiliaries that carry no opinion. Not in it: negations;
# what gives a verb its meaning (up, down, off, out, over: "let down", "fed up"); what weighs (too, very,
# more, only, just); "us", which is a country, too; "like" and "well".
_STOP = """
    a about all also am an and any are as at be because been being both by can did do does doing during each
    for from had has have having he her here hers herself him himself his how i if in into is it its itself
    may me might mine my myself of on or our ours ourselves shall she so some such than that the their theirs
    them themselves then there these they this those through to until upon was we were what when where which
    while who whom whose why will with would you your yours yourself yourselves
    i'm i've i'd i'll it's it'll he's he'd he'll she's she'd she'll that's there's we're we've we'd we'll
    you're you've you'd you'll they're they've they'd they'll what's where's who's let's
    """.split()  # noqa: SIM905


def _any_of(words: Sequence[str]) -> str:
    """Match any of the words, those of one first letter together: most places are given up after a glance."""
    groups = itertools.groupby(
        sorted(words, key=lambda word: (word[0], -len(word))), key=lambda word: word[0]
    )
    return "|".join(f"{first}(?:{'|'.join(word[1:] for word in group)})" for first, group in groups)


# Not a part of a longer word: the "do" of "don't" stays, whichever apostrophe it is written with.
STOP_WORDS = rf"(?<![\w'\u2019#@])(?i:{_any_of(_STOP)})(?![\w'\u2019])"
