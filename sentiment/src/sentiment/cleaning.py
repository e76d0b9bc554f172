"""Text cleaning as data: named options become the normalizer inside `tokenizer.json`.

Nothing here runs when a bundle answers. The options are compiled once, by training, into a
`tokenizers` normalizer; the file carries it to wherever the bundle is opened, so training and
serving cannot clean differently.
"""

from dataclasses import dataclass

from tokenizers import Regex
from tokenizers.normalizers import NFKC, Lowercase, Normalizer, Replace, Sequence
from tokenizers.pre_tokenizers import PreTokenizer, Split

# What stands for any link and any mention. Published data sets (Sentiment140 as it is usually passed on)
# already carry these words, so live text and training text meet in the same token.
LINK = " url "
MENTION = " user "

# Twitter escapes only the first three; the others come from web pages that were pasted.
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " ", "&amp;": "&"}

# A word keeps its inner apostrophes (don't); runs of ! ? . count as one mark; common emoticons and single
# emojis stay whole; other signs stand alone, but brackets, quotes, commas, colons and hyphens are dropped.
_PIECE = (
    r"\w+(?:'\w+)*"
    r"|[:;=]['\-]?[()\[\]dpo/\\|]"
    r"|<3"
    r"|!+|\?+|\.\.+"
    r"|\p{Emoji_Presentation}"
    r"""|[^\s\w.,;:"'()\[\]\-]"""
)


@dataclass(frozen=True)
class Cleaning:
    """Which cleaning steps a tokenizer carries. Each is one named choice; the order is fixed.

    Attributes
    ----------
    html_entities
        `&amp;` and its like become the character they stand for.
    unicode
        NFKC form, control and format characters become spaces, curly apostrophes become straight.
    links
        A link becomes the word `url`.
    mentions
        `@name` becomes the word `user`; the middle of an e-mail address is no mention.
    lowercase
        Unicode lower case.
    repeated_letters
        Three or more of one letter become two: `soooo` and `sooo` are one word.
    """

    html_entities: bool = True
    unicode: bool = True
    links: bool = True
    mentions: bool = True
    lowercase: bool = True
    repeated_letters: bool = True

    def normalizer(self) -> Normalizer:
        """Compile the options into a `tokenizers` normalizer."""
        steps: list[Normalizer] = []
        if self.html_entities:
            steps += [Replace(entity, character) for entity, character in _ENTITIES.items()]
        if self.unicode:
            # U+200D joins emojis into one picture; every other invisible character is noise.
            steps += [Replace(Regex(r"[\p{Cc}\p{Cf}&&[^\u200d]]+"), " "), NFKC(), Replace("\u2019", "'")]
        if self.links:
            steps.append(Replace(Regex(r"(?i)(?:https?://|www\.)\S+"), LINK))
        if self.mentions:
            steps.append(Replace(Regex(r"(?<![\w.])@\w+"), MENTION))
        if self.lowercase:
            steps.append(Lowercase())
        if self.repeated_letters:
            steps.append(Replace(Regex(r"(\w)(?=\1\1)"), ""))
        return Sequence(steps)


def splitter() -> PreTokenizer:
    """Split cleaned text into words, emoticons, emojis and marks; what matches none is dropped."""
    return Split(Regex(_PIECE), behavior="removed", invert=True)
