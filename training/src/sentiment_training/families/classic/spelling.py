"""Character n-grams within words, beside n-grams of words: rare words learn from words spelled like them.

Where a score is a sum, the weights of a word's character n-grams add up to one number a word. So characters
are only seen in training: what is served is a second weight for each word. Words outside the vocabulary stay
unseen; `analyzer=char` sees those, too.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper
from scipy.sparse import csr_matrix, diags_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from sentiment_training.errors import OptionError
from sentiment_training.families.classic.features import Vocabulary
from sentiment_training.families.family import FloatArray
from sentiment_training.families.vocabulary import UNKNOWN_ID
from sentiment_training.graph_writing import Constants

# A single letter says nothing about a word.
_SHORTEST = 2
# Words that a character n-gram must be in.
_FEWEST_WORDS = 2
# Values of a sparse matrix, of twelve bytes; the solver keeps a second one.
MOST_VALUES = 150_000_000


@dataclass(frozen=True)
class Spelling:
    """How the words of a vocabulary are spelled.

    Attributes
    ----------
    table
        Character n-grams of each word that is a feature, shape (words, c): how often; or, where `unit`, a row
        of length 1.
    unit
        Whether a text's row is divided by the square root of its words, so that it has length 1 about.
    """

    table: csr_matrix
    unit: bool

    @classmethod
    def of(cls, vocabulary: Vocabulary, longest: int, *, unit: bool) -> "Spelling":
        """Cut every word into pieces of up to `longest` characters, its ends marked by a space."""
        spelled = [""] * vocabulary.ngrams.vocabulary
        for word, number in sorted(vocabulary.tokenizer.get_vocab(with_added_tokens=False).items()):
            # Of words that share an id, one stands for all.
            spelled[number] = spelled[number] or word
        used = vocabulary.used[vocabulary.used < vocabulary.ngrams.vocabulary]
        words = ["" if number == UNKNOWN_ID else spelled[number] for number in used]
        vectorizer = CountVectorizer(
            analyzer="char_wb",
            ngram_range=(_SHORTEST, max(_SHORTEST, longest)),
            lowercase=False,
            min_df=min(_FEWEST_WORDS, len(words)),
            dtype=np.float32,
        )
        table = vectorizer.fit_transform(words)
        return cls(normalize(table) if unit else table, unit)

    @property
    def columns(self) -> int:
        """Number of character n-grams."""
        return int(self.table.shape[1])

    def block(self, counts: csr_matrix) -> csr_matrix:
        """Character n-grams of texts, from their counts: shape (n, c).

        Raises
        ------
        OptionError
            If the texts hold too many for the memory.
        """
        words = counts[:, : self.table.shape[0]]
        pieces = np.diff(self.table.indptr)[words.indices].sum()
        if pieces > MOST_VALUES:
            raise OptionError(
                f"{pieces:,} character n-grams would not fit into 6 GB of memory; give fewer rows, a smaller "
                "char_ngrams, or analyzer=word"
            )
        block = words @ self.table
        return by_root_of_words(block, words) if self.unit else csr_matrix(block)

    def graph(
        self, ids: str, score: str, vocabulary: Vocabulary, weights: FloatArray
    ) -> tuple[list[NodeProto], Constants]:
        """Build the graph from ids (batch, length) to what spelling adds to the score (batch,).

        Parameters
        ----------
        weights
            Of the character n-grams, shape (c,).
        """
        used = vocabulary.used[: self.table.shape[0]]
        of_words = np.zeros(vocabulary.ngrams.vocabulary, np.float32)
        of_words[used] = self.table @ weights
        node = helper.make_node
        nodes = [
            node("Gather", ["spelling_weights", ids], ["spelling_of_word"]),
            node("ReduceSum", ["spelling_of_word", "spelling_axis"], ["spelling_sum"], keepdims=0),
        ]
        constants: dict[str, npt.NDArray[np.generic]] = {
            "spelling_weights": of_words,
            "spelling_axis": np.array([1]),
        }
        if not self.unit:
            return [*nodes, node("Identity", ["spelling_sum"], [score])], constants
        is_known = np.zeros(vocabulary.ngrams.vocabulary, np.uint8)
        is_known[used] = 1
        nodes += [
            node("Gather", ["spelling_known", ids], ["spelling_is_known"]),
            node("Cast", ["spelling_is_known"], ["spelling_ones"], to=TensorProto.FLOAT),
            node("ReduceSum", ["spelling_ones", "spelling_axis"], ["spelling_words"], keepdims=0),
            node("Max", ["spelling_words", "spelling_fewest"], ["spelling_divided"]),
            node("Sqrt", ["spelling_divided"], ["spelling_root"]),
            node("Div", ["spelling_sum", "spelling_root"], [score]),
        ]
        return nodes, constants | {"spelling_known": is_known, "spelling_fewest": np.array(1, np.float32)}


def by_root_of_words(rows: csr_matrix, words: csr_matrix) -> csr_matrix:
    """Divide each text's row by the square root of its words, at least 1: it has length 1 about."""
    known = np.asarray(words.sum(axis=1), np.float32).ravel()
    return csr_matrix(diags_array(1 / np.sqrt(np.maximum(known, 1))) @ rows)
