"""Drops what would be learned twice, learned both ways, or measured after it was learned."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sentiment_training.datasets.dataset import Dataset, IntArray, Texts


def normalised(texts: Texts) -> Texts:
    """Reduce texts to what makes two of them the same tweet.

    Lower case; each mention becomes ``@``, each link ``http``, each run of white space one space. Data sets
    that already replaced mentions by ``USER`` and links by ``URL`` come out the same.
    """
    folded = pc.utf8_lower(texts)
    folded = pc.replace_substring_regex(folded, r"@\w+|\buser\b", "@")
    folded = pc.replace_substring_regex(folded, r"https?://\S+|www\.\S+|\burl\b", "http")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(folded, r"\s+", " "))


def without_duplicates(datasets: Sequence[Dataset]) -> list[Dataset]:
    """Keep the first of equal texts, and none of those that occur with both labels, over all data sets.

    Equal means equal once normalised. What was dropped is added to each data set's counts.
    """
    if not datasets:
        return []
    codes, n_texts = _codes([dataset.texts for dataset in datasets])
    labels = np.concatenate([dataset.labels for dataset in datasets])
    seen = np.zeros((2, n_texts), dtype=np.bool_)
    seen[labels.astype(np.intp), codes] = True
    contradictory = (seen[0] & seen[1])[codes]
    first = np.zeros(len(codes), dtype=np.bool_)
    first[np.unique(codes, return_index=True)[1]] = True
    return [
        dataset.where(
            first[rows] & ~contradictory[rows],
            contradictory=int(contradictory[rows].sum()),
            duplicate=int((~first[rows] & ~contradictory[rows]).sum()),
        )
        for dataset, rows in _rows(datasets)
    ]


def without_texts_of(datasets: Sequence[Dataset], evaluated: Sequence[Dataset]) -> list[Dataset]:
    """Leave out each row whose normalised text an evaluation set holds: else it is no measurement."""
    if not (datasets and evaluated):
        return list(datasets)
    theirs = pa.concat_arrays([normalised(dataset.texts) for dataset in evaluated])
    cleaned = []
    for dataset in datasets:
        known = pc.is_in(normalised(dataset.texts), value_set=theirs).to_numpy(zero_copy_only=False)
        cleaned.append(dataset.where(~known, evaluated=int(known.sum())))
    return cleaned


def _codes(texts: list[Texts]) -> tuple[IntArray, int]:
    encoded = pa.chunked_array([normalised(each) for each in texts]).combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary)


def _rows(datasets: Sequence[Dataset]) -> list[tuple[Dataset, slice]]:
    ends = np.cumsum([len(dataset) for dataset in datasets]).tolist()
    return [(dataset, slice(end - len(dataset), end)) for dataset, end in zip(datasets, ends, strict=True)]
