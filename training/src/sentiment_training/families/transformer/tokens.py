"""Texts as token ids, laid end to end: a million tweets as lists of numbers take ten times the memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from sentiment import tokenizer_from_json
from sentiment_training.families.classic.tokens import IntArray, TokenArray, token_ids
from sentiment_training.progress import Progress


@dataclass(frozen=True)
class Tokens:
    """Token ids of texts.

    Attributes
    ----------
    ids
        Of all texts, one after another.
    lengths
        Tokens of each text, shape (n,).
    starts
        Where each text begins in `ids`, shape (n,).
    padding
        The id that fills up.
    """

    ids: TokenArray
    lengths: IntArray
    starts: IntArray
    padding: int

    @classmethod
    def of(cls, tokenizer: Tokenizer, texts: Sequence[str], progress: Progress | None = None) -> "Tokens":
        """Cut texts into tokens with the tokenizer that is served, without its padding."""
        padding = int((tokenizer.padding or {})["pad_id"])  # `read_tokenizer` has set it
        bare = tokenizer_from_json(tokenizer.to_str())
        bare.no_padding()
        ids, lengths = token_ids(bare, texts, progress)
        return cls(ids, lengths, np.cumsum(lengths) - lengths, padding)

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: IntArray) -> dict[str, npt.NDArray[np.int32]]:
        """Lay some of the texts side by side, padded at the right, with their mask."""
        lengths = self.lengths[rows, np.newaxis]
        places = np.arange(max(1, lengths.max()))
        mask = places < lengths
        ids = np.full(mask.shape, self.padding, np.int32)
        ids[mask] = self.ids[(self.starts[rows, np.newaxis] + places)[mask]]
        return {"token_ids": ids, "padding_mask": mask.astype(np.int32)}
