"""N-grams of token ids (words or characters), looked up by one formula that NumPy and ONNX both compute.

A single token keeps its id as its column. Longer n-grams see where a text begins and ends, too: "[begin]
well", "not [end]". An n-gram of ids a, b, … has the key
`(a·m₀ + b·m₁ + …)² mod M` with fixed multipliers and M = 2³¹ - 1; it lives in bucket `key mod P` of a table,
if the table holds its fingerprint there, `(key div P) mod 255 + 1`. (Without the square, n-grams that differ
by the same step would meet again and again.) The table is filled by training with the n-grams worth a
weight, the more frequent first; all others are not seen (but for one in 255 of those that meet an occupied
bucket). So the graph needs no dictionary of strings, and rare n-grams do not blur common ones, as they do
where n-grams are hashed without a check.

skl2onnx's text vectorizer is not used: it cuts words differently from scikit-learn.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper
from scipy.sparse import csr_matrix, vstack

from sentiment_training.families.classic.tokens import PADDING, IntArray, TokenArray
from sentiment_training.graph_writing import Constants

# In the graph, what follows a text is padding.
_END = PADDING

# The 50, 36, 20, 25, 40 and 30 millionth prime: no pattern in base two, where M lies next to a power of two
# and a multiplier near another one would leave a tiny remainder. Ids below 2^21 times a multiplier, six of
# them summed, stay far below 2^63.
_MULTIPLIERS = (982_451_653, 694_847_539, 373_587_883, 472_882_027, 776_531_401, 573_259_391)
_MODULUS = 2**31 - 1  # prime; its square fits into 63 bits
LONGEST = len(_MULTIPLIERS)

_FINGERPRINTS = 255  # in a byte, with 0 for an empty bucket

# A table is at most about half full, where it may be as large as it needs to be.
_BUCKETS_AN_NGRAM = 2
_FEWEST_BUCKETS = 2**8

# Tokens whose n-grams are numbered at once: bounds what lies beside the matrix.
TOKENS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class NgramTable:
    """Which n-grams of token ids have a column, and which.

    Attributes
    ----------
    vocabulary
        Number of token ids; id 0 is padding.
    longest
        Tokens in the longest n-gram, 1 to 6.
    fingerprints
        Of the n-gram that lives in each bucket, 0 where none does; uint8, shape (P,), P prime.
    """

    vocabulary: int
    longest: int
    fingerprints: npt.NDArray[np.uint8]

    @classmethod
    def build(
        cls,
        ids: TokenArray,
        lengths: IntArray,
        *,
        vocabulary: int,
        longest: int,
        most_buckets: int,
        min_count: int,
    ) -> "NgramTable":
        """Fill a table with the n-grams of a corpus.

        Parameters
        ----------
        ids
            Token ids of all texts, one after another, shape (sum of lengths,).
        lengths
            Tokens in each text, shape (n,).
        most_buckets
            The table has fewer where fewer are needed.
        min_count
            Times that an n-gram must occur.
        """
        ids, rows = _with_edges(ids, lengths, begin=vocabulary)
        kept_keys, kept_counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for size in range(2, longest + 1):
            keys, whole = _keys(ids, rows, size)
            distinct, counts = np.unique(keys[whole], return_counts=True)
            kept_keys.append(distinct[counts >= min_count])
            kept_counts.append(counts[counts >= min_count])
        keys = np.concatenate(kept_keys)
        wanted = max(_FEWEST_BUCKETS, _BUCKETS_AN_NGRAM * len(keys))
        buckets = largest_prime_below(min(most_buckets, wanted) + 1)
        fingerprints = np.zeros(buckets, np.uint8)
        # Where several meet in a bucket, the last assignment stays: the most frequent one's.
        order = np.argsort(np.concatenate(kept_counts), kind="stable")
        place, fingerprint = _place(keys[order], buckets)
        fingerprints[place] = fingerprint
        return cls(vocabulary, longest, fingerprints)

    @property
    def columns(self) -> int:
        """Number of columns in all; column 0 is never a word."""
        return self.vocabulary + len(self.fingerprints)

    def counts(self, ids: TokenArray, lengths: IntArray, chosen: IntArray | None = None) -> csr_matrix:
        """Count the n-grams that each text holds.

        Parameters
        ----------
        ids, lengths
            As for `build`.
        chosen
            The columns wanted, ascending; None takes all.

        Returns
        -------
        csr_matrix
            float32, shape (n, columns), or (n, chosen).
        """
        width = self.columns if chosen is None else len(chosen)
        number = np.full(self.columns, -1, np.int32)
        number[slice(None) if chosen is None else chosen] = np.arange(width, dtype=np.int32)
        ends = np.cumsum(lengths)
        # Whole texts, about so many tokens at once.
        cuts = np.unique(np.searchsorted(ends, np.arange(0, len(ids), TOKENS_AT_ONCE)[1:], side="right"))
        edges = [0, *cuts.tolist(), len(lengths)]
        pieces = []
        for start, end in itertools.pairwise(edges):
            first = int(ends[start - 1]) if start else 0
            last = int(ends[end - 1]) if end else 0
            pieces.append(self._counted(ids[first:last], lengths[start:end], number, width))
        return vstack(pieces, format="csr") if len(pieces) > 1 else pieces[0]

    def _counted(self, ids: TokenArray, lengths: IntArray, number: TokenArray, width: int) -> csr_matrix:
        rows = _rows(lengths)
        all_columns, all_rows = [number[ids]], [rows]
        ids, rows = _with_edges(ids, lengths, begin=self.vocabulary)
        for size in range(2, self.longest + 1):
            keys, whole = _keys(ids, rows, size)
            place, fingerprint = _place(keys, len(self.fingerprints))
            known = whole & (self.fingerprints[place] == fingerprint)
            all_columns.append(number[place[known] + self.vocabulary])
            all_rows.append(rows[: len(keys)][known])
        columns, rows = np.concatenate(all_columns), np.concatenate(all_rows)
        wanted = columns >= 0
        columns, rows = columns[wanted], rows[wanted]
        matrix = csr_matrix((np.ones(len(columns), np.float32), (rows, columns)), shape=(len(lengths), width))
        matrix.sum_duplicates()
        return matrix

    def graph(self, ids: str, output: str) -> tuple[list[NodeProto], Constants]:
        """Build the graph from `ids` (batch, length), padded on the right, to columns (batch, any).

        Column 0 stands where there is no known n-gram. A column may occur more than once in a row.
        """
        constants: dict[str, npt.NDArray[np.generic]] = {
            "fingerprints": self.fingerprints,
            "padding": np.array(PADDING),
            "modulus": np.array(_MODULUS),
            "buckets": np.array(len(self.fingerprints)),
            "fingerprint_kinds": np.array(_FINGERPRINTS),
            "one_more": np.array(1),
            "vocabulary": np.array(self.vocabulary),  # the id of a text's beginning, too
            "pad_begin": np.array([0, 1, 0, 0]),
            "pad_end": np.array([0, 0, 0, self.longest - 1]),
            "axis_1": np.array([1]),
        }
        node = helper.make_node
        if self.longest == 1:
            return [node("Identity", [ids], [output])], constants
        nodes = [
            node("Pad", [ids, "pad_begin", "vocabulary"], ["begun"]),
            node("Pad", ["begun", "pad_end", "padding"], ["ended"]),
        ]
        # word_k holds, for each n-gram, its k-th word: the row moved k places to the left.
        words = [f"word_{offset}" for offset in range(self.longest)]
        for offset, word in enumerate(words):
            constants[f"{word}_start"] = np.array([offset])
            constants[f"{word}_end"] = np.array([offset - self.longest + 1 or np.iinfo(np.int64).max])
            nodes.append(node("Slice", ["ended", f"{word}_start", f"{word}_end", "axis_1"], [word]))
        totals = []
        for size in range(2, self.longest + 1):
            total = ""
            for offset, multiplier in enumerate(_multipliers(size)):
                product = f"product_{size}_{offset}"
                constants[f"{product}_by"] = np.array(multiplier)
                nodes.append(node("Mul", [words[offset], f"{product}_by"], [product]))
                if total:
                    nodes.append(node("Add", [total, product], [f"total_{size}_{offset}"]))
                total = f"total_{size}_{offset}" if total else product
            totals.append(total)
        # From here on all sizes together: each operator costs a call, whatever it is given.
        nodes += [
            node("Concat", totals, ["total"], axis=1),
            node("Mod", ["total", "modulus"], ["root"]),
            node("Mul", ["root", "root"], ["square"]),
            node("Mod", ["square", "modulus"], ["key"]),
            node("Mod", ["key", "buckets"], ["place"]),
            node("Div", ["key", "buckets"], ["quotient"]),
            node("Mod", ["quotient", "fingerprint_kinds"], ["remainder"]),
            node("Add", ["remainder", "one_more"], ["fingerprint"]),
            node("Gather", ["fingerprints", "place"], ["held_byte"]),
            node("Cast", ["held_byte"], ["held"], to=TensorProto.INT64),
            node("Equal", ["held", "fingerprint"], ["matches"]),
            # The first padding is the end: an n-gram is whole where its last word but one is no padding.
            node("Concat", words[:-1], ["last_but_one"], axis=1),
            node("Greater", ["last_but_one", "padding"], ["whole"]),
            node("And", ["matches", "whole"], ["known"]),
            node("Add", ["place", "vocabulary"], ["number"]),
            node("Where", ["known", "number", "padding"], ["column"]),
            node("Concat", [ids, "column"], [output], axis=1),
        ]
        return nodes, constants


def largest_prime_below(limit: int) -> int:
    """Return the largest prime below `limit` (> 3): remainders modulo a prime spread evenly."""
    candidate = limit - 1
    while any(candidate % factor == 0 for factor in range(2, int(candidate**0.5) + 1)):
        candidate -= 1
    return candidate


def _rows(lengths: IntArray) -> TokenArray:
    """Say for each token which text it belongs to."""
    return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)


def _with_edges(ids: TokenArray, lengths: IntArray, begin: int) -> tuple[TokenArray, TokenArray]:
    """Put each text between its beginning and its end; return the ids, and which text each belongs to."""
    ends = np.cumsum(lengths + 2)
    edged = np.full(len(ids) + 2 * len(lengths), _END, np.int32)
    is_token = np.ones(len(edged), bool)
    is_token[ends - 1] = False
    is_token[ends - lengths - 2] = False
    edged[is_token] = ids
    edged[ends - lengths - 2] = begin
    return edged, _rows(lengths + 2)


def _keys(ids: TokenArray, rows: TokenArray, size: int) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Return the key of the n-gram that begins at each token, and whether all its words lie in one text."""
    starts = max(0, len(ids) - size + 1)
    total = np.zeros(starts, np.int64)
    for offset, multiplier in enumerate(_multipliers(size)):
        total += ids[offset : offset + starts].astype(np.int64) * multiplier
    root = total % _MODULUS
    return root * root % _MODULUS, rows[:starts] == rows[size - 1 : size - 1 + starts]


def _place(keys: IntArray, buckets: int) -> tuple[IntArray, npt.NDArray[np.uint8]]:
    """Return the bucket of each key and its fingerprint there."""
    quotient, place = np.divmod(keys, buckets)
    return place, (quotient % _FINGERPRINTS + 1).astype(np.uint8)


def _multipliers(size: int) -> Sequence[int]:
    # Rotated by the size, so that "a b" and the end of "x a b" do not move together.
    return [_MULTIPLIERS[(offset + size) % LONGEST] for offset in range(size)]
