"""Word n-grams of token ids, numbered by one formula that NumPy and ONNX both compute.

A single word keeps its token id. A longer n-gram of ids a, b, … falls into bucket
`vocabulary + (a·m₀ + b·m₁ + …) mod P` with fixed multipliers and a prime P; two n-grams may
share a bucket. skl2onnx's text vectorizer is not used: it cuts words differently from scikit-learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, helper
from scipy.sparse import csr_matrix
from tokenizers import Tokenizer

from sentiment_training.progress import Progress

PADDING = 0  # token id; counts as no word

# The 50, 36, 20 and 25 millionth prime: without pattern in base two, where P lies next to a power of two and
# a multiplier near another one would leave a remainder of a few hundred, so that common pairs of words meet
# in one bucket. Ids below 2^21 times a multiplier, four of them summed, stay far below 2^63.
_MULTIPLIERS = (982_451_653, 694_847_539, 373_587_883, 472_882_027)
LONGEST = len(_MULTIPLIERS)

# Texts that are turned into ids between two steps of the progress bar.
_TEXTS_AT_ONCE = 20_000


@dataclass(frozen=True)
class NgramNumbering:
    """Which column each n-gram of token ids has.

    Attributes
    ----------
    vocabulary
        Number of token ids; id 0 is padding.
    longest
        Words in the longest n-gram, 1 to 4.
    buckets
        P above: how many columns the n-grams of two and more words share. Prime.
    """

    vocabulary: int
    longest: int
    buckets: int

    @property
    def columns(self) -> int:
        """Number of columns in all; column 0 is never a word."""
        return self.vocabulary + (self.buckets if self.longest > 1 else 0)

    def matrix(self, ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int64]) -> csr_matrix:
        """Mark which n-grams each text holds.

        Parameters
        ----------
        ids
            Token ids of all texts, one after another, shape (sum of lengths,).
        lengths
            Tokens in each text, shape (n,).

        Returns
        -------
        csr_matrix
            1.0 where a text holds an n-gram, however often; float64, shape (n, columns). (With float32,
            L-BFGS meets rounding errors and stops at a third of its way.)
        """
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        all_columns, all_rows = [ids], [rows]
        for size in range(2, self.longest + 1):
            starts = max(0, len(ids) - size + 1)
            number = np.zeros(starts, np.int64)
            for offset, multiplier in enumerate(self._multipliers(size)):
                number += ids[offset : offset + starts].astype(np.int64) * multiplier
            number = number % self.buckets + self.vocabulary
            whole = rows[:starts] == rows[size - 1 : size - 1 + starts]  # all its words lie in one text
            all_columns.append(number[whole].astype(np.int32))
            all_rows.append(rows[:starts][whole])
        columns, rows = np.concatenate(all_columns), np.concatenate(all_rows)
        matrix = csr_matrix((np.ones(len(columns)), (rows, columns)), shape=(len(lengths), self.columns))
        matrix.sum_duplicates()
        matrix.data[:] = 1
        return matrix

    def nodes(self, ids: str, output: str) -> list[NodeProto]:
        """Build the graph from `ids` (batch, length), padded on the right, to columns (batch, any).

        Column 0 stands where there is no n-gram. A column may occur more than once in a row.
        """
        nodes = [_constant("padding", PADDING)]
        parts = [ids]
        for size in range(2, self.longest + 1):
            # Without reach over the end: a text shorter than `size` gives an empty slice.
            shifted = [f"{size}_word_{offset}" for offset in range(size)]
            products = []
            for offset, multiplier in enumerate(self._multipliers(size)):
                end = offset - size + 1 or np.iinfo(np.int64).max
                word, product = shifted[offset], f"{size}_product_{offset}"
                nodes += [
                    _constant(f"{word}_start", [offset]),
                    _constant(f"{word}_end", [end]),
                    helper.make_node("Slice", [ids, f"{word}_start", f"{word}_end", "axis_1"], [word]),
                    _constant(f"{product}_by", multiplier),
                    helper.make_node("Mul", [word, f"{product}_by"], [product]),
                ]
                products.append(product)
            total = products[0]
            for index, product in enumerate(products[1:]):
                summed = f"{size}_sum_{index}"
                nodes.append(helper.make_node("Add", [total, product], [summed]))
                total = summed
            nodes += [
                _constant(f"{size}_buckets", self.buckets),
                helper.make_node("Mod", [total, f"{size}_buckets"], [f"{size}_bucket"]),
                _constant(f"{size}_offset", self.vocabulary),
                helper.make_node("Add", [f"{size}_bucket", f"{size}_offset"], [f"{size}_number"]),
                # Padding is on the right: an n-gram is whole where its last word is one.
                helper.make_node("Equal", [shifted[-1], "padding"], [f"{size}_cut"]),
                helper.make_node("Where", [f"{size}_cut", "padding", f"{size}_number"], [f"{size}_column"]),
            ]
            parts.append(f"{size}_column")
        return [_constant("axis_1", [1]), *nodes, helper.make_node("Concat", parts, [output], axis=1)]

    def _multipliers(self, size: int) -> Sequence[int]:
        # Rotated by the size, so that "a b" and the end of "x a b" do not move together.
        return [_MULTIPLIERS[(offset + size) % LONGEST] for offset in range(size)]


def largest_prime_below(limit: int) -> int:
    """Return the largest prime below `limit` (> 3): remainders modulo a prime spread evenly."""
    candidate = limit - 1
    while any(candidate % factor == 0 for factor in range(2, int(candidate**0.5) + 1)):
        candidate -= 1
    return candidate


def token_ids(
    tokenizer: Tokenizer, texts: Sequence[str], progress: Progress | None = None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Turn texts into token ids, one after another, and the number of ids in each text."""
    ids: list[npt.NDArray[np.int32]] = [np.empty(0, np.int32)]
    lengths: list[int] = []

    def encode(start: int) -> int:
        batch = list(texts[start : start + _TEXTS_AT_ONCE])
        rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(batch)]
        lengths.extend(map(len, rows))
        ids.append(np.fromiter((token for row in rows for token in row), np.int32, sum(map(len, rows))))
        return len(batch)

    starts = range(0, len(texts), _TEXTS_AT_ONCE)
    if progress is None:
        for start in starts:
            encode(start)
    else:
        with progress.step("tokens", len(texts)) as advance:
            for start in starts:
                advance(encode(start))
    return np.concatenate(ids), np.asarray(lengths, np.int64)


def _constant(name: str, value: int | list[int]) -> NodeProto:
    return helper.make_node(
        "Constant", [], [name], **({"value_ints": value} if isinstance(value, list) else {"value_int": value})
    )
