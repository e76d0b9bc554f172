"""Word vectors for a map of the texts: learned from the texts themselves, or read from a file."""

import importlib.util
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD

from sentiment_training.datasets.dataset import BoolArray
from sentiment_training.exploration.corpus import Words
from sentiment_training.families.deep.vectors import VectorFile, read
from sentiment_training.progress import Progress

FloatArray = npt.NDArray[np.float64]

DIMENSIONS = 64
# A rarer word has no vector worth having.
_FEWEST, _MANY = 3, 1000
_MOST_WORDS = 20_000
_WINDOW = 4
_EPOCHS = 5


@dataclass(frozen=True)
class WordVectors:
    """A vector for some words.

    Attributes
    ----------
    source
        Where they come from, in words.
    table
        By word id, all zero where a word has none, shape (words, dimensions).
    """

    source: str
    table: FloatArray

    def means(self, words: Words) -> FloatArray:
        """Average the vectors of each text's words; all zero where none has one, shape (n, dimensions)."""
        known: BoolArray = np.any(self.table, axis=1)
        ids, rows = words.ids, words.rows
        used = known[ids]
        counts = csr_matrix(
            (np.ones(int(used.sum())), (rows[used], ids[used])),
            shape=(len(words.lengths), len(self.table)),
        )
        n = np.asarray(counts.sum(axis=1)).reshape(-1, 1)
        means: FloatArray = np.asarray(counts @ self.table) / np.maximum(n, 1)
        return means


def read_vectors(file: VectorFile, words: Words, progress: Progress) -> WordVectors:
    """Read the vectors of these words from a file that `look_into` knows.

    Raises
    ------
    OptionError
        If the file breaks off.
    """
    vocabulary = {word: number for number, word in enumerate(words.vocabulary)}
    found = read(file, vocabulary, progress)
    table = np.zeros((len(vocabulary), file.dimensions))
    for word, vector in found.items():
        table[vocabulary[word]] = vector
    with_vector: BoolArray = np.any(table, axis=1)
    known = float(with_vector[words.ids].mean()) if len(words.ids) else 0.0
    share = f"{100 * known:.0f}\N{NO-BREAK SPACE}%"
    return WordVectors(f"{file.path.name}, which knows {share} of the words as they occur", table)


def learned_vectors(words: Words, seed: int) -> WordVectors:
    """Learn vectors from the texts: word2vec where gensim is installed, else by factoring co-occurrence."""
    if importlib.util.find_spec("gensim") is None:
        return factored_vectors(words, seed)
    return word2vec_vectors(words, seed)


def word2vec_vectors(words: Words, seed: int) -> WordVectors:
    """Train word2vec (Mikolov et al. 2013, continuous bag of words, negative sampling) on one thread."""
    from gensim.models import Word2Vec  # noqa: PLC0415 - in an extra, and slow to import

    # Ids stand for words: the same vectors, and no need to spell each out.
    sentences = [each.tolist() for each in np.split(words.ids, np.cumsum(words.lengths)[:-1])]
    trained = Word2Vec(
        min_count=_fewest(words),
        vector_size=DIMENSIONS,
        window=_WINDOW,
        max_final_vocab=_MOST_WORDS,
        workers=1,
        seed=seed,
    )
    trained.build_vocab(sentences)
    trained.train(sentences, total_examples=len(sentences), epochs=_EPOCHS)
    table = np.zeros((len(words.vocabulary), DIMENSIONS))
    table[np.array(trained.wv.index_to_key, np.int64)] = trained.wv.vectors
    return WordVectors(f"word2vec, {DIMENSIONS} dimensions, trained on these texts", table)


def factored_vectors(words: Words, seed: int) -> WordVectors:
    """Factor the positive pointwise mutual information of neighbouring words (Levy and Goldberg 2014)."""
    size = len(words.vocabulary)
    frequency = np.bincount(words.ids, minlength=size)
    # Ids grow as words get rarer.
    kept = (frequency >= _fewest(words)) & (np.arange(size) < _MOST_WORDS)
    rows = words.rows
    counts = csr_matrix((size, size))
    for offset in range(1, _WINDOW + 1):
        left, right = words.ids[:-offset], words.ids[offset:]
        near = (rows[:-offset] == rows[offset:]) & kept[left] & kept[right]
        counts = counts + csr_matrix(
            (np.ones(int(near.sum())), (left[near], right[near])), shape=(size, size)
        )
    counts = (counts + counts.T).tocoo()
    if counts.nnz == 0:
        return WordVectors("none: no two words occur together", np.zeros((size, 1)))
    totals = np.asarray(counts.sum(axis=1)).ravel()
    information = np.log(counts.data * totals.sum() / (totals[counts.row] * totals[counts.col]))
    positive = csr_matrix((np.maximum(information, 0), (counts.row, counts.col)), shape=(size, size))
    dimensions = min(DIMENSIONS, size - 1)
    # Where all rows are alike, the share of variance explained, which nobody asks for, is 0 / 0.
    with np.errstate(invalid="ignore", divide="ignore"):
        table = TruncatedSVD(dimensions, random_state=seed).fit_transform(positive)
    return WordVectors(f"factored co-occurrence, {dimensions} dimensions, of these texts", np.asarray(table))


def _fewest(words: Words) -> int:
    """Say how often a word must occur to get a vector: where there are few texts, once."""
    return _FEWEST if len(words.lengths) >= _MANY else 1
