"""Hand-made counts of a text: its length, capitals, exclamations and so on.

They are counted from token ids alone, with a table from id to what it is, so that the served graph counts
them too. Words in capitals would be lost where cleaning lowers them: a marker is put before each, which
counts and then is taken out again before n-grams are formed.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper
from tokenizers import Regex, Tokenizer, normalizers
from tokenizers.normalizers import Normalizer

from sentiment.cleaning_patterns import NEGATIONS
from sentiment_training.families.classic.tokens import PADDING, IntArray, TokenArray
from sentiment_training.families.vocabulary import vocabulary_size
from sentiment_training.graph_writing import Constants

# Of Unicode's private use: nobody types it, cleaning leaves it, and it stands as a piece of its own.
CAPITALS = "\ue000"

# After white space, two capitals at least; no link, host or e-mail, no word that goes on in small letters.
_IN_CAPITALS = r"\s(?=\p{Lu}{2,}(?![\w/:@]|\.\w))"

# What a token must look like to count, and how much it counts: 1 each, or its length.
_KINDS = MappingProxyType(
    {
        "exclamations": r"!+",
        "questions": r"\?+",
        "ellipses": r"\.\.+|…",
        "hashtags": r"#\w*",
        "links": r"url",
        "mentions": r"user",
        "negations": rf"{'|'.join(sorted(NEGATIONS))}|\w*n't",
        "emoticons": r"[:;=]['\-]?[()\[\]dpo/\\|]|<3|[xX:]d",
        "emojis": "[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a-\u23ff]",
    }
)
_BY_LENGTH = frozenset({"exclamations", "questions"})
MARKS = ("length", "capitals", *_KINDS)


def capitals_marker() -> Normalizer:
    """Put the marker before each word in capitals; to be done before cleaning."""
    return normalizers.Sequence(
        [normalizers.Prepend(" "), normalizers.Replace(Regex(_IN_CAPITALS), f" {CAPITALS} ")]
    )


@dataclass(frozen=True)
class MarkTable:
    """What each token counts as.

    Attributes
    ----------
    table
        uint8, shape (vocabulary, marks); row 0 is padding's, all zero.
    marker
        Id of the marker of capitals; -1 where no text had one.
    """

    table: npt.NDArray[np.uint8]
    marker: int

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "MarkTable":
        """Look at every word of a vocabulary; where some share an id, it counts as all that they are."""
        table = np.zeros((vocabulary_size(tokenizer), len(MARKS)), np.uint8)
        marker = -1
        for token, number in tokenizer.get_vocab(with_added_tokens=False).items():
            if token == CAPITALS:
                marker = number
                table[number, MARKS.index("capitals")] = 1
                continue
            table[number, MARKS.index("length")] = 1
            for kind, pattern in _KINDS.items():
                if re.fullmatch(pattern, token):
                    table[number, MARKS.index(kind)] = min(len(token), 255) if kind in _BY_LENGTH else 1
        table[PADDING] = 0
        return cls(table, marker)

    def counts(self, ids: TokenArray, lengths: IntArray) -> npt.NDArray[np.float32]:
        """Count in texts laid end to end: shape (n, marks)."""
        starts = np.concatenate([[0], np.cumsum(lengths)])
        sums = np.zeros((len(ids) + 1, len(MARKS)), np.int32)
        np.cumsum(self.table[ids], axis=0, dtype=np.int32, out=sums[1:])
        counted: npt.NDArray[np.float32] = (sums[starts[1:]] - sums[starts[:-1]]).astype(np.float32)
        return counted

    def without_markers(self, ids: TokenArray, lengths: IntArray) -> tuple[TokenArray, IntArray]:
        """Take the marker of capitals out of texts laid end to end."""
        kept = ids != self.marker
        rows = np.repeat(np.arange(len(lengths)), lengths)
        return ids[kept], np.bincount(rows[kept], minlength=len(lengths))

    def graph(self, ids: str, plain: str, counts: str) -> tuple[list[NodeProto], Constants]:
        """Build the graph from `ids` (batch, length) to ids without markers and counts (batch, marks).

        What is left of a row moves together to the left, in order; padding follows.
        """
        node = helper.make_node
        nodes = [
            node("Gather", ["mark_table", ids], ["marks_of_token"]),
            node("Cast", ["marks_of_token"], ["marks_as_float"], to=TensorProto.FLOAT),
            node("ReduceSum", ["marks_as_float", "mark_axis"], [counts], keepdims=0),
            node("Equal", [ids, "marker"], ["is_marker"]),
            node("Cast", ["is_marker"], ["marker_as_int"], to=TensorProto.INT64),
            # Its place, made large where it is a marker: the smallest first.
            node("Shape", [ids], ["mark_width"], start=1),
            node("Squeeze", ["mark_width"], ["mark_limit"]),
            node("Range", ["mark_zero", "mark_limit", "mark_one"], ["mark_place"]),
            node("Mul", ["marker_as_int", "mark_far"], ["mark_moved"]),
            node("Add", ["mark_moved", "mark_place"], ["mark_key"]),
            node("TopK", ["mark_key", "mark_width"], ["mark_sorted", "mark_order"], axis=1, largest=0),
            node("Where", ["is_marker", "mark_zero", ids], ["mark_blanked"]),
            node("GatherElements", ["mark_blanked", "mark_order"], [plain], axis=1),
        ]
        return nodes, {
            "mark_table": self.table,
            "mark_axis": np.array([1]),
            "marker": np.array(self.marker),
            "mark_zero": np.array(0),
            "mark_one": np.array(1),
            "mark_far": np.array(2**32),
        }
