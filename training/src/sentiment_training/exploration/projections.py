"""Maps of the texts: near each other where they say similar things, coloured by class."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from sentiment_training.datasets.dataset import IntArray
from sentiment_training.exploration.corpus import Corpus, Words

FloatArray = npt.NDArray[np.float64]

# Fewer points make no map.
FEWEST = 12
NEIGHBOURS = 10
_DIMENSIONS = 50
# What scikit-learn and van der Maaten and Hinton 2008 take: 5 to 50.
_PERPLEXITY = 30.0


@dataclass(frozen=True)
class Projection:
    """A map of some texts.

    Attributes
    ----------
    source
        What the distances come from.
    rows
        Which texts of the corpus, shape (m,).
    points
        Where each lies, in [0, 1]², shape (m, 2).
    agreement
        Share of a text's ten nearest neighbours (before the map was drawn) that are of its class.
    chance
        What that share would be if classes were mixed evenly.
    """

    source: str
    rows: IntArray
    points: FloatArray
    agreement: float
    chance: float


def tfidf_space(fitted: Words, shown: Words, seed: int) -> FloatArray:
    """Give TF-IDF vectors of `shown`, reduced to 50 dimensions that were found on `fitted`."""
    matrix, others = _occurrences(fitted), _occurrences(shown)
    columns = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]) > 1)
    dimensions = min(_DIMENSIONS, len(columns) - 1, matrix.shape[0] - 1)
    if dimensions < 2:  # noqa: PLR2004 - a plane
        return np.zeros((others.shape[0], 1))
    tfidf = TfidfTransformer(sublinear_tf=True).fit(matrix[:, columns])
    features = tfidf.transform(matrix[:, columns])
    # Where all texts are alike, the share of variance explained, which nobody asks for, is 0 / 0.
    with np.errstate(invalid="ignore", divide="ignore"):
        svd = TruncatedSVD(dimensions, random_state=seed).fit(features)
    reduced: FloatArray = svd.transform(tfidf.transform(others[:, columns]))
    return reduced


def projected(
    corpus: Corpus, rows: IntArray, vectors: FloatArray, source: str, seed: int
) -> Projection | None:
    """Draw a t-SNE map (van der Maaten and Hinton 2008) of vectors by their angles.

    Texts without any known word have no direction and are left out; None where too few are left.
    """
    norms = np.linalg.norm(vectors, axis=1)
    has = norms > 0
    rows, vectors = rows[has], vectors[has] / norms[has, None]
    if len(rows) < FEWEST or len(np.unique(vectors.round(9), axis=0)) < FEWEST:
        return None
    tsne = TSNE(
        perplexity=min(_PERPLEXITY, (len(rows) - 1) / 3),
        init="pca" if vectors.shape[1] > 1 else "random",
        random_state=seed,
    )
    points = np.asarray(tsne.fit_transform(vectors), np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    codes = corpus.codes[rows]
    share = np.bincount(codes) / len(codes)
    return Projection(
        source,
        rows,
        (points - low) / np.maximum(high - low, 1e-12),
        agreement(vectors, codes),
        float((share**2).sum()),
    )


def agreement(vectors: FloatArray, codes: npt.NDArray[np.int8]) -> float:
    """Give the share of each text's ten nearest others (or all, if fewer) that are of its class."""
    k = min(NEIGHBOURS, len(codes) - 1)
    # Without an argument, nobody is their own neighbour.
    nearest = NearestNeighbors(n_neighbors=k).fit(vectors).kneighbors(return_distance=False)
    return float((codes[nearest] == codes[:, None]).mean())


def _occurrences(words: Words) -> csr_matrix:
    matrix = csr_matrix(
        (np.ones(len(words.ids)), (words.rows, words.ids)), shape=(len(words.lengths), len(words.vocabulary))
    )
    matrix.sum_duplicates()
    return matrix
