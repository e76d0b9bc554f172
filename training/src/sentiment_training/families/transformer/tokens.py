"""Texts as token ids, and side by side as a network takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from sentiment import tokenizer_from_json
from sentiment_training.families.classic.tokens import IntArray, LaidOut, token_ids
from sentiment_training.progress import Progress


@dataclass(frozen=True)
class Tokens(LaidOut):
    """Texts of any length in a batch.

    Attributes
    ----------
    padding
        The id that fills up.
    """

    padding: int

    @classmethod
    def of(cls, tokenizer: Tokenizer, texts: Sequence[str], progress: Progress | None = None) -> "Tokens":
        """Cut texts into tokens with the tokenizer that is served, without its padding."""
        padding = int((tokenizer.padding or {})["pad_id"])  # `read_tokenizer` has set it
        bare = tokenizer_from_json(tokenizer.to_str())
        bare.no_padding()
        return cls(*token_ids(bare, texts, progress), padding)

    def numbered_from_one(self) -> LaidOut:
        """Return the same tokens, each number one higher: none is 0, which n-grams take for padding."""
        return LaidOut(self.ids + 1, self.lengths)

    def batch(self, rows: IntArray, multiple: int = 1) -> dict[str, npt.NDArray[np.int32]]:
        """Lay some of the texts side by side, padded at the right, with their mask.

        Parameters
        ----------
        multiple
            Of which the width is one, in tokens.
        """
        lengths = self.lengths[rows, np.newaxis]
        places = np.arange(max(1, -(-lengths.max() // multiple)) * multiple)
        mask = places < lengths
        ids = np.full(mask.shape, self.padding, np.int32)
        ids[mask] = self.ids[(self.starts[rows, np.newaxis] + places)[mask]]
        return {"token_ids": ids, "padding_mask": mask.astype(np.int32)}
