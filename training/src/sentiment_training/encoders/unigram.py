"""Tokenizers that cut texts as SentencePiece's unigram models do (Kudo 2018), from what a file says."""

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import Normalizer
from tokenizers.normalizers import Sequence as Steps
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing

WORD_START = "\u2581"


def unigram_tokenizer(
    pieces: Sequence[tuple[str, float]], unknown: int, start: int, end: int, steps: Sequence[Normalizer]
) -> Tokenizer:
    """Return a tokenizer that neither cuts texts nor fills them up.

    Parameters
    ----------
    pieces
        Each with its log-probability, in the order of their numbers.
    unknown, start, end
        The numbers of what stands for characters without a piece, and around every text.
    steps
        What is done to a text before it is cut.
    """
    tokenizer = Tokenizer(Unigram(list(pieces), unk_id=unknown, byte_fallback=False))
    tokenizer.normalizer = Steps(list(steps))
    tokenizer.pre_tokenizer = Metaspace(replacement=WORD_START, prepend_scheme="always")
    first, last = (pieces[number][0] for number in (start, end))
    tokenizer.post_processor = TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, start), (last, end)]
    )
    return tokenizer
