"""Text cleaning as data: named options become the normalizer and the splitter inside `tokenizer.json`.

Nothing here runs when a bundle answers. The options are compiled once, by training, into steps of
`tokenizers`; the file carries them to wherever the bundle is opened, so training and serving cannot clean
differently. What turns a word into another word (lemmas, emojis and emoticons as words, *n't* as *not*) is
no step at all: training gives both words the same id, which costs nothing when a bundle answers.

A person writes the options as `name=choice,name=choice`; what is not named stays as `Cleaning()` has it.
"""

from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

from tokenizers import Regex
from tokenizers.normalizers import NFKC, Lowercase, Normalizer, Replace, Sequence
from tokenizers.pre_tokenizers import PreTokenizer, Split

from sentiment.cleaning_patterns import (
    CLITICS,
    CONTROL_CHARACTERS,
    EMOJI_PARTS,
    EMOTICONS,
    ENTITIES,
    HASHTAGS,
    LINK,
    LINKS,
    MENTION,
    MENTIONS,
    NUMBER,
    NUMBERS,
    PICTURES,
    PIECE,
    PUNCTUATION,
    REPEATED_LETTERS,
    STOP_WORDS,
)
from sentiment.errors import CleaningError

# The text form of `Cleaning()`.
_PLAIN = "plain"
_SWITCH = {"on": True, "off": False}


@dataclass(frozen=True)
class Cleaning:
    """Which cleaning steps a tokenizer carries. Each is one named choice; the order is fixed.

    Attributes
    ----------
    html_entities
        `&amp;` and its like become the character they stand for.
    control_characters
        Control and format characters become spaces.
    unicode
        NFKC form; curly apostrophes become straight.
    links
        A link becomes the word `url`, or nothing.
    mentions
        `@name` becomes the word `user`, or nothing; the middle of an e-mail address is no mention.
    hashtags
        `words` cuts `#GreatFlight` into *great flight*; `kept` leaves the sign and one word.
    lowercase
        Unicode lower case.
    numbers
        `token` makes every number `0`; digits within a word stay.
    emoticons
        `words` gives `:)` the id of *smile*, and so on; see `word_options`.
    emojis
        `words` gives each emoji the id of the word for what it shows; see `word_options`.
    repeated_letters
        Three or more of one letter become two: `soooo` and `sooo` are one word. So do digits: 1000 is 100.
    contractions
        `split` cuts as the Penn Treebank and GloVe do: *do n't*, *we 're*, also *dont*. `words` gives the
        ends the ids of *not*, *are*, *have*, *will*, *would*, *am*; see `word_options`.
    stop_words
        `dropped` takes out words that carry no opinion. Negations always stay.
    punctuation
        `removed` leaves words, emoticons and emojis alone.
    lemmas
        *delayed* and *delays* get the id of *delay*; see `word_options`.
    """

    html_entities: bool = True
    control_characters: bool = True
    unicode: bool = True
    links: Literal["token", "removed", "kept"] = "token"
    mentions: Literal["token", "removed", "kept"] = "token"
    hashtags: Literal["kept", "words"] = "kept"
    lowercase: bool = True
    numbers: Literal["kept", "token", "removed"] = "kept"
    emoticons: Literal["kept", "words", "removed"] = "kept"
    emojis: Literal["kept", "words", "removed"] = "kept"
    repeated_letters: bool = True
    contractions: Literal["kept", "split", "words"] = "kept"
    stop_words: Literal["kept", "dropped"] = "kept"
    punctuation: Literal["kept", "removed"] = "kept"
    lemmas: bool = False

    @classmethod
    def parse(cls, text: str) -> "Cleaning":
        """Read what `str` writes: `hashtags=words,numbers=token`, or `plain` for `Cleaning()`.

        Raises
        ------
        CleaningError
            Naming what is not understood, and what may be given.
        """
        if text.strip() == _PLAIN:
            return cls()
        known, values = cls.choices(), {}
        for part in text.split(","):
            name, equals, choice = (each.strip() for each in part.partition("="))
            if not equals:
                raise CleaningError(
                    f"{part.strip()!r:.100} is no cleaning; write name=choice,name=choice, or {_PLAIN}"
                )
            if name not in known:
                raise CleaningError(f"there is no cleaning {name!r:.100}; there are {', '.join(known)}")
            if name in values:
                raise CleaningError(f"cleaning {name} is given twice; give it once")
            if choice not in known[name]:
                raise CleaningError(
                    f"cleaning {name} is one of {', '.join(known[name])}, not {choice!r:.100}"
                )
            values[name] = _SWITCH.get(choice, choice)
        return cls(**values)  # type: ignore[arg-type]  # each was checked against the field's own type

    @classmethod
    def choices(cls) -> dict[str, tuple[str, ...]]:
        """Return what may be given for each option, the default first."""
        plain, hints = cls(), get_type_hints(cls)
        choices = {}
        for each in fields(cls):
            words = tuple(_SWITCH) if hints[each.name] is bool else get_args(hints[each.name])
            first = _shown(getattr(plain, each.name))
            choices[each.name] = (first, *(word for word in words if word != first))
        return choices

    def __str__(self) -> str:
        """Write what differs from `Cleaning()`, so that `parse` reads it."""
        plain = Cleaning()
        return (
            ",".join(
                f"{each.name}={_shown(getattr(self, each.name))}"
                for each in fields(self)
                if getattr(self, each.name) != getattr(plain, each.name)
            )
            or _PLAIN
        )

    @property
    def word_options(self) -> list[str]:
        """Name the options in use that make one word of several, which only a vocabulary of words can do."""
        used = {
            "emoticons": self.emoticons == "words",
            "emojis": self.emojis == "words",
            "contractions": self.contractions == "words",
            "lemmas": self.lemmas,
        }
        return [name for name, is_used in used.items() if is_used]

    @property
    def splitter_options(self) -> list[str]:
        """Name the options in use that `splitter` carries out: a tokenizer that splits otherwise has none."""
        used = {"contractions": self.contractions == "split", "punctuation": self.punctuation == "removed"}
        return [name for name, is_used in used.items() if is_used]

    def normalizer(self) -> Normalizer:
        """Compile the options into a `tokenizers` normalizer."""
        pictures = PICTURES if self.emojis == "removed" else EMOJI_PARTS
        table: list[tuple[bool, list[Normalizer]]] = [
            (self.html_entities, [Replace(entity, character) for entity, character in ENTITIES.items()]),
            (self.control_characters, [Replace(Regex(CONTROL_CHARACTERS), " ")]),
            (self.unicode, [NFKC(), Replace("\u2019", "'")]),
            (self.links != "kept", [_replace(LINKS, LINK, self.links)]),
            (self.mentions != "kept", [_replace(MENTIONS, MENTION, self.mentions)]),
            # While capitals are still there to tell where a word begins.
            (self.hashtags == "words", [Replace(Regex(HASHTAGS), " ")]),
            (self.lowercase, [Lowercase()]),
            (self.numbers != "kept", [_replace(NUMBERS, NUMBER, self.numbers)]),
            # After links, which have a ":/".
            (self.emoticons == "removed", [Replace(Regex(EMOTICONS), " ")]),
            (self.emojis != "kept", [Replace(Regex(pictures), " ")]),
            (self.repeated_letters, [Replace(Regex(REPEATED_LETTERS), "")]),
            (self.stop_words == "dropped", [Replace(Regex(STOP_WORDS), " ")]),
        ]
        return Sequence([step for used, steps in table if used for step in steps])

    def splitter(self) -> PreTokenizer:
        """Compile the options into a `tokenizers` pre-tokenizer; what matches no piece is dropped."""
        pieces = PUNCTUATION if self.punctuation == "removed" else PIECE
        if self.contractions != "kept":
            pieces = f"{CLITICS}|{pieces}"
        return Split(Regex(pieces), behavior="removed", invert=True)


def splitter() -> PreTokenizer:
    """Split cleaned text into words, emoticons, emojis and marks; what matches none is dropped."""
    return Cleaning().splitter()


def _replace(pattern: str, token: str, choice: str) -> Normalizer:
    return Replace(Regex(pattern), token if choice == "token" else " ")


def _shown(value: str | bool) -> str:
    return value if isinstance(value, str) else "on" if value else "off"
