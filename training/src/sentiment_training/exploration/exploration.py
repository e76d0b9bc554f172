"""Explores labelled texts: every statistic that the report shows, in one straight story."""

from collections.abc import Sequence
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from sentiment_training.datasets import Rows
from sentiment_training.exploration.balance import ClassCount, Training, class_counts, in_training
from sentiment_training.exploration.clouds import PlacedWord, cloud, telling
from sentiment_training.exploration.corpus import Corpus, corpus_of
from sentiment_training.exploration.lengths import Drift, Lengths, drift, lengths, measured
from sentiment_training.exploration.marks import Mark, marks
from sentiment_training.exploration.ngrams import LONGEST, Typical, count_ngrams, typical_ngrams
from sentiment_training.exploration.projections import Projection, projected, tfidf_space
from sentiment_training.exploration.repeats import Repeats, repeats
from sentiment_training.exploration.vectors import learned_vectors, read_vectors
from sentiment_training.families.deep.vectors import VectorFile
from sentiment_training.progress import Progress

# Lines in a list of n-grams; clouds take more of the same.
LISTED, CLOUD_CANDIDATES = 15, 200
# Word vectors and TF-IDF are learned from more texts than a map shows.
LEARNED_ROWS = 60_000


@dataclass(frozen=True)
class Exploration:
    """Everything that the report says.

    Attributes
    ----------
    corpus
        The texts.
    training
        What was read of each file, and what training would drop.
    classes, repeats, lengths, drift, marks
        See their modules; drift is None where nothing tells when a text was written.
    ngrams
        For each class, a list for words, pairs and triples.
    clouds
        For each class.
    projections
        Maps that could be drawn.
    rows, seed
        How many texts a map shows at most, and what was drawn by.
    """

    corpus: Corpus
    training: Training
    classes: Sequence[ClassCount]
    repeats: Repeats
    lengths: Sequence[Lengths]
    drift: Drift | None
    marks: Sequence[Mark]
    ngrams: Sequence[Sequence[Sequence[Typical]]]
    clouds: Sequence[Sequence[PlacedWord]]
    projections: Sequence[Projection]
    rows: int
    seed: int


def explore(
    sources: Sequence[Rows], progress: Progress, *, rows: int, seed: int, embeddings: VectorFile | None = None
) -> Exploration:
    """Compute everything.

    Parameters
    ----------
    sources
        One or more files' rows.
    rows
        How many texts a map shows at most.
    seed
        For the samples, the maps, the clouds and the word vectors.
    embeddings
        A file of word vectors; None learns them from the texts.

    Raises
    ------
    EmptyDatasetError
        If no row has a text.
    OptionError
        If the file of word vectors breaks off.
    """
    corpus = corpus_of(sources, progress)
    vectors = None if embeddings is None else read_vectors(embeddings, corpus.words, progress)
    with progress.step("duplicates"):
        training, repeated = in_training(sources), repeats(corpus)
    with progress.step("lengths"):
        units = measured(corpus)
        described = [lengths(corpus, unit, each) for unit, each in units.items()]
        drifted = drift(corpus, units)
    with progress.step("marks"):
        marked = marks(corpus)
    listed, clouds = _ngrams(corpus, progress, seed)
    learned = corpus.words.of(corpus.sample(LEARNED_ROWS, seed))
    shown = corpus.sample(rows, seed)
    words = corpus.words.of(shown)
    # One thread: the same seed gives the same maps on any machine, and a busy one does not slow them down
    # a hundredfold, as it does where threads wait for each other.
    with threadpool_limits(1):
        with progress.step("map of TF-IDF"):
            maps = [projected(corpus, shown, tfidf_space(learned, words, seed), "TF-IDF of words", seed)]
        with progress.step("map of embeddings"):
            vectors = vectors or learned_vectors(learned, seed)
            maps.append(projected(corpus, shown, vectors.means(words), vectors.source, seed))
    return Exploration(
        corpus=corpus,
        training=training,
        classes=class_counts(corpus),
        repeats=repeated,
        lengths=described,
        drift=drifted,
        marks=marked,
        ngrams=listed,
        clouds=clouds,
        projections=[each for each in maps if each is not None],
        rows=rows,
        seed=seed,
    )


def _ngrams(
    corpus: Corpus, progress: Progress, seed: int
) -> tuple[list[list[list[Typical]]], list[list[PlacedWord]]]:
    """Give the lists of n-grams and the word cloud of each class."""
    classes = range(len(corpus.classes))
    listed: list[list[list[Typical]]] = [[] for _ in classes]
    clouds: list[list[PlacedWord]] = []
    with progress.step("n-grams", LONGEST) as advance:
        for size in range(1, LONGEST + 1):
            counted = count_ngrams(corpus.words, corpus.codes, len(corpus.classes), size)
            for code in classes:
                listed[code].append(typical_ngrams(corpus, counted, code, LISTED))
            if size == 1:
                candidates = [typical_ngrams(corpus, counted, code, CLOUD_CANDIDATES) for code in classes]
            advance()
    with progress.step("word clouds", len(classes)) as advance:
        for code in classes:
            clouds.append(cloud([each for each in candidates[code] if telling(each, len(classes))], seed))
            advance()
    return listed, clouds
