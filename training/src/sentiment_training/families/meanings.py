"""Which words mean the same, by the cleaning that was chosen: they get the same id.

A family takes its cleaning as an option::

    cleaning: str = "plain"                  # in its frozen options
    "cleaning": CleaningChoice()             # among the options that it reads
    Cleaning.parse(options.cleaning)         # where it trains its tokenizer

A family with a vocabulary of words trains it with `vocabulary.train_tokenizer`, which does all the rest. One
that reads parts of words or characters says `CleaningChoice(of_words=False)` and gives its tokenizer the
`normalizer()` and the `splitter()`; one whose tokenizer came with its weights says `splits=False` besides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sentiment import Cleaning
from sentiment.cleaning_patterns import CLITIC_WORDS, NEGATIONS
from sentiment.errors import CleaningError
from sentiment_training.errors import OptionError
from sentiment_training.families.pictures import EMOTICON_WORDS, emoji_words

Canonical = Callable[[str], str]
"""Takes a word and gives the one that stands for all that mean the same."""


@dataclass(frozen=True)
class CleaningChoice:
    """A family's option that takes a `Cleaning` in its text form. `Cleaning.parse` reads what it returns.

    Attributes
    ----------
    of_words
        Whether the family has a vocabulary of words; others cannot merge words.
    splits
        Whether it cuts texts by the cleaning's `splitter()`.
    """

    of_words: bool = True
    splits: bool = True
    meaning: str = "cleaning steps, as name=choice,name=choice"
    values: ClassVar[str] = ""

    def read(self, name: str, text: str) -> str:
        """Return the shortest text that means the same."""
        try:
            cleaning = Cleaning.parse(text)
        except CleaningError as error:
            raise OptionError(f"{name}: {error}") from error
        if not self.of_words and cleaning.word_options:
            raise OptionError(
                f"{name}: {', '.join(cleaning.word_options)} cannot be chosen so: this family reads parts of "
                "words, and one word cannot stand for another there"
            )
        if not self.splits and cleaning.splitter_options:
            raise OptionError(
                f"{name}: {', '.join(cleaning.splitter_options)} cannot be chosen: these weights come with a "
                "tokenizer of their own, which decides where words end and what marks mean"
            )
        if cleaning.lemmas:
            _lemmatizer()
        return str(cleaning)


def merged(words: Sequence[str], cleaning: Cleaning, special: int) -> dict[str, int]:
    """Number words so that those that mean the same share an id.

    Parameters
    ----------
    words
        Each once, the more frequent first.
    special
        Of them, the first that mean nothing: padding, the unknown word.

    Returns
    -------
    dict[str, int]
        Word → id, 0 to the number of meanings - 1. Emojis and emoticons that are not among the words are
        there, too, where their meaning is.
    """
    canonical = _canonical(cleaning)
    numbered = {word: number for number, word in enumerate(words[:special])}
    ids = dict(numbered)
    for word in words[special:]:
        numbered[word] = ids.setdefault(canonical(word), len(ids))
    unseen: dict[str, str] = {}
    if cleaning.emoticons == "words":
        unseen |= EMOTICON_WORDS
    if cleaning.emojis == "words":
        unseen |= emoji_words()
    for picture in sorted(unseen):
        if picture not in numbered and (meaning := canonical(picture)) in ids:
            numbered[picture] = ids[meaning]
    return numbered


def _canonical(cleaning: Cleaning) -> Canonical:
    """Return the function from a word to the one that stands for all that mean the same."""
    same: dict[str, str] = {}
    if cleaning.contractions == "words":
        same |= CLITIC_WORDS
    if cleaning.emoticons == "words":
        same |= EMOTICON_WORDS
    if cleaning.emojis == "words":
        same |= emoji_words()
    lemma: Canonical = _lemmatizer() if cleaning.lemmas else str

    def canonical(word: str) -> str:
        meaning = same.get(word, word)
        # "nothing" is no "no", "couldn't" no "can".
        if meaning in NEGATIONS or meaning.endswith("n't"):
            return meaning
        return lemma(meaning)

    return canonical


def _lemmatizer() -> Canonical:
    try:
        from simplemma import lemmatize  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise OptionError(
            "cleaning lemmas=on needs the package simplemma: uv sync --all-packages --extra lemmas"
        ) from error

    def lemma(word: str) -> str:
        return str(lemmatize(word, lang="en")) if word.isalpha() else word

    return lemma
