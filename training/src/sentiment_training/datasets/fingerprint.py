"""Names the content of data sets, so that two runs can be compared."""

import hashlib
from collections.abc import Iterable

from sentiment_training.datasets.dataset import Dataset


def fingerprint(datasets: Iterable[Dataset]) -> str:
    """Sha256 over all (text, label) pairs, whatever their order and whichever file they came from.

    The digest of each pair (one byte for the label, then the text in UTF-8), sorted, hashed again.
    """
    digests = [
        hashlib.sha256((b"1" if label else b"0") + text.encode()).digest()
        for dataset in datasets
        for text, label in zip(dataset.texts.to_pylist(), dataset.labels.tolist(), strict=True)
    ]
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()
