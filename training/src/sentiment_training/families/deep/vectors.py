"""Word vectors for a vocabulary: from a file, or learned from the training texts with gensim.

Four kinds of file are read, told apart by their content: GloVe's text, word2vec's text (fastText's `.vec` is
one), word2vec's binary form (`.bin`), and an `.npz` that holds `vectors` and `words` (an array of texts, or
UTF-8 bytes with a newline between words). Only the vocabulary's own words are kept in memory.
"""

import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from sentiment_training.errors import OptionError
from sentiment_training.families.deep.options import FASTTEXT
from sentiment_training.progress import Progress

Vectors = npt.NDArray[np.float32]
Found = Mapping[str, Vectors]

_LONGEST_LINE = 1 << 16  # bytes; 1,024 numbers of 20 characters are a third of it
_ZIP_MAGIC = b"PK"
_NUMBER_BYTES = 4
_SPREAD = 0.05  # standard deviation where nothing is known; as Keras starts an embedding

# gensim's: words that see each other, and rounds through the texts.
_WINDOW, _ROUNDS = 5, 3


@dataclass(frozen=True)
class VectorFile:
    """A file of word vectors.

    Attributes
    ----------
    path
        Where it is.
    form
        `npz`, `binary` or `text`.
    dimensions
        Numbers a word has.
    """

    path: Path
    form: str
    dimensions: int


def look_into(
    path: Path, option: str = "embeddings=", instead: str = "scratch, word2vec, fasttext or "
) -> VectorFile:
    """Find out what a file is from its beginning.

    Parameters
    ----------
    option
        That named it, as messages have it.
    instead
        What else that may name.

    Raises
    ------
    OptionError
        If it is absent, or none of the four kinds.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_LONGEST_LINE)
    except OSError as fault:
        raise OptionError(
            f"{option}{path}: no file of word vectors can be read there ({fault.strerror or fault}); "
            f"give {instead}the path of one"
        ) from fault
    if start.startswith(_ZIP_MAGIC):
        return VectorFile(path, "npz", _npz_dimensions(path))
    first, _, rest = start.partition(b"\n")
    fields = first.split()
    if len(fields) == 2 and all(each.isdigit() for each in fields):  # noqa: PLR2004 - words and dimensions
        dimensions = int(fields[1])
        second = rest.partition(b"\n")[0].split()
        form = "text" if len(second) > dimensions and _are_numbers(second[-dimensions:]) else "binary"
        if dimensions and len(rest) > dimensions:
            return VectorFile(path, form, dimensions)
    elif len(fields) > 2 and _are_numbers(fields[1:]):  # noqa: PLR2004 - a word and two numbers
        return VectorFile(path, "text", len(fields) - 1)
    raise _unknown(path)


def read(file: VectorFile, wanted: Mapping[str, int], progress: Progress) -> Found:
    """Read the vectors of wanted words; a word that the file holds twice keeps the first.

    Raises
    ------
    OptionError
        If the file breaks off, or a row has another number of numbers than the first.
    """
    found: dict[str, Vectors] = {}
    with progress.step("embeddings"):
        for word, vector in _ROWS[file.form](file):
            if word in wanted and word not in found:
                if not np.isfinite(vector).all():
                    raise _broken(file, f"the vector of {word!r:.60} holds what is no number")
                found[word] = vector
    return found


def learn(
    method: str, sentences: Iterator[Sequence[str]], dimensions: int, seed: int, progress: Progress
) -> Found:
    """Learn word2vec (continuous bag of words) or fastText vectors with gensim.

    Parameters
    ----------
    sentences
        The words of each text.
    """
    import gensim  # noqa: PLC0415 - takes a second, and belongs to an extra

    model_class = gensim.models.FastText if method == FASTTEXT else gensim.models.Word2Vec
    with progress.step(method), tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as corpus:
        # From a file gensim reads without Python's lock; one worker, so that the same seed gives the same.
        corpus.writelines(" ".join(words) + "\n" for words in sentences)
        corpus.flush()
        model = model_class(
            corpus_file=corpus.name,
            vector_size=dimensions,
            window=_WINDOW,
            min_count=1,
            epochs=_ROUNDS,
            workers=1,
            seed=seed,
        )
    return {word: model.wv[word].astype(np.float32) for word in model.wv.index_to_key}


def table(
    found: Found, vocabulary: Mapping[str, int], shape: tuple[int, int], seed: int
) -> tuple[Vectors, float]:
    """Lay vectors out by token id.

    GloVe's words are cut at apostrophes (do + n't): a contraction that has no vector gets the mean of its
    parts'. An id that several words share gets the mean of theirs. What is still without one starts at
    random, as wide as the others.

    Returns
    -------
    table, share
        Of the shape, and the share of ids that had a vector.
    """
    sums, counts = np.zeros(shape, np.float32), np.zeros((shape[0], 1), np.float32)
    for word, number in vocabulary.items():
        parts = [found[part] for part in _parts(word, found)]
        if parts:
            sums[number] += np.mean(parts, axis=0)
            counts[number] += 1
    known = counts[:, 0] > 0
    laid_out = (sums / np.maximum(counts, 1)).astype(np.float32)
    spread = float(laid_out[known].std()) if known.any() else _SPREAD
    absent = (int((~known).sum()), shape[1])
    laid_out[~known] = np.random.default_rng(seed).normal(0, spread, absent)
    return laid_out, float(known.mean())


def spellings(vocabulary: Mapping[str, int]) -> dict[str, int]:
    """Return every word, and the parts of contractions, that a file may hold."""
    wanted = dict(vocabulary)
    for word, number in vocabulary.items():
        for split in _splits(word):
            wanted.update(dict.fromkeys(split, number))
    return wanted


def _parts(word: str, found: Found) -> Sequence[str]:
    if word in found:
        return [word]
    return next((split for split in _splits(word) if all(part in found for part in split)), [])


def _splits(word: str) -> Iterator[Sequence[str]]:
    if word.endswith("n't") and len(word) > len("n't"):
        yield [word[: -len("n't")], "n't"]
    if "'" in word[1:-1]:
        place = word.rindex("'")
        yield [word[:place], word[place:]]


def _are_numbers(fields: Sequence[bytes]) -> bool:
    try:
        return bool(np.isfinite([float(each) for each in fields]).all())
    except ValueError:
        return False


def _npz_dimensions(path: Path) -> int:
    try:
        # NumPy leaves a file that it opened itself open where it is no archive.
        with (
            path.open("rb") as opened,
            np.load(opened, allow_pickle=False) as file,
            file.zip.open("vectors.npy") as vectors,
            file.zip.open("words.npy") as words,
        ):
            shape, kind = _npy_header(vectors)
            _, of_words = _npy_header(words)
            readable = kind.kind in "fiu" and (of_words == np.uint8 or of_words.kind in "SU")
            if readable and len(shape) == 2:  # noqa: PLR2004 - words and dimensions
                return shape[1]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as fault:
        raise _unknown(path) from fault
    raise _unknown(path)


def _npy_header(member: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = header(member)
    return shape, kind


def _npz_rows(file: VectorFile) -> Iterator[tuple[str, Vectors]]:
    with np.load(file.path, allow_pickle=False) as arrays:
        written = arrays["words"]
        if written.dtype == np.uint8:
            words = written.tobytes().decode("utf-8", "replace").split("\n")
        else:
            words = [_decoded(each) for each in written.ravel().tolist()]
        vectors = arrays["vectors"]
    if len(words) < len(vectors):
        raise OptionError(f"embeddings={file.path}: {len(vectors):,} vectors for {len(words):,} words")
    for word, vector in zip(words, vectors, strict=False):
        yield word, vector.astype(np.float32)


def _decoded(word: str | bytes) -> str:
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else word


def _text_rows(file: VectorFile) -> Iterator[tuple[str, Vectors]]:
    with file.path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            # From the right: GloVe has words with blanks in them.
            fields = line.rstrip().rsplit(b" ", file.dimensions)
            if number == 1 and len(fields) == 2:  # noqa: PLR2004 - word2vec's header: words and dimensions
                continue
            try:
                vector = np.array(fields[1:], np.float32)
            except ValueError as fault:
                raise _broken(file, f"line {number:,} holds what is no number") from fault
            if len(vector) != file.dimensions:
                raise _broken(
                    file, f"line {number:,} has {len(vector)} numbers, the first had {file.dimensions}"
                )
            yield fields[0].decode("utf-8", "replace"), vector


def _binary_rows(file: VectorFile) -> Iterator[tuple[str, Vectors]]:
    size = file.dimensions * _NUMBER_BYTES
    with file.path.open("rb") as content:
        count = int(content.readline().split()[0])
        for number in range(1, count + 1):
            letters = bytearray()
            while (letter := content.read(1)) not in (b" ", b""):
                letters += letter
            raw = content.read(size)
            if len(raw) < size:
                raise _broken(file, f"it ends in word {number:,} of {count:,}")
            # word2vec's own program puts a line break after each vector, gensim none.
            yield letters.lstrip(b"\n").decode("utf-8", "replace"), np.frombuffer(raw, np.float32)


_ROWS = {"npz": _npz_rows, "text": _text_rows, "binary": _binary_rows}


def _unknown(path: Path) -> OptionError:
    return OptionError(
        f"embeddings={path}: no file of word vectors; GloVe's text, word2vec's text or .bin, fastText's "
        ".vec, and .npz with `words` and `vectors` can be read"
    )


def _broken(file: VectorFile, what: str) -> OptionError:
    return OptionError(f"embeddings={file.path}: {what}; download it again")
