"""Turns texts into features with ONNX Runtime, piece by piece, and keeps the pieces on disk."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from sentiment import tokenizer_from_json
from sentiment.batching import by_length
from sentiment_training.encoders.encoder import SentenceEncoder
from sentiment_training.files import require_room
from sentiment_training.graph_writing import IDS, MASK
from sentiment_training.machine import usable_cores
from sentiment_training.pieces import is_kept, kept_piece
from sentiment_training.progress import Progress

Features = npt.NDArray[np.float32]
HalfFeatures = npt.NDArray[np.float16]
"""Shape (n, width)."""

IntArray = npt.NDArray[np.int64]

# Texts that make one file of the cache: a minute of work lost, at most, when somebody ends the training.
_PIECE = 8_192
# Tokens, padding included, that go through the graph at once: more is no faster, and takes more memory.
_TOKENS_AT_ONCE = 1_024
# What stays free on the disk beside the cache.
_SPARE_BYTES = 2**28


@dataclass(frozen=True)
class Encoded:
    """Features of very many texts, in pieces of equal length but the last.

    A million rows of the multilingual encoder are 3.6 GB, in half precision: kept in files, they are lent
    from there, so that no machine needs the memory for all at once.
    """

    pieces: Sequence[HalfFeatures]

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def rows(self, wanted: IntArray) -> HalfFeatures:
        """Return some rows, in the order wanted."""
        found = np.empty((len(wanted), self.pieces[0].shape[1]), np.float16)
        which, within = np.divmod(wanted, _PIECE)
        for number in np.unique(which):
            here = np.flatnonzero(which == number)
            found[here] = self.pieces[number][within[here]]
        return found


class TextEncoder:
    """Encodes texts; safe to use again and again.

    Parameters
    ----------
    tokenizer
        Cleans and cuts the texts; its padding is not used.
    pooled
        As in `SentenceEncoder.features`.
    cache
        Folder of pieces that were encoded before; None keeps none.
    """

    def __init__(
        self, encoder: SentenceEncoder, tokenizer: Tokenizer, *, pooled: bool, cache: Path | None = None
    ) -> None:
        graph, features, self.width = encoder.features(pooled=pooled)
        closed = graph.model("encoder", [IDS, MASK], {"features": (features, ["batch", self.width])})
        model = closed.SerializeToString()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = usable_cores()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer = tokenizer_from_json(tokenizer.to_str())
        self._tokenizer.no_padding()
        self._pad_id = encoder.pad_id
        self._cache = cache
        # Of the graph, not of the files that it was written from: another version of ours may write another.
        self._identity = hashlib.sha256(model + self._tokenizer.to_str().encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> Features:
        """Return one row of features a text, shape (n, width)."""
        features = np.empty((len(texts), self.width), np.float32)
        self._fill(texts, features)
        return features

    def encode_all(self, texts: Sequence[str], progress: Progress, step: str) -> Encoded:
        """Encode very many texts in half precision, and keep that in the cache.

        Parameters
        ----------
        progress
            Shows how far it is, with the time left.

        Raises
        ------
        DiskError
            If the disk has no room for what is kept.
        """
        self._require_room(texts)
        pieces: list[HalfFeatures] = []
        with progress.step(step, len(texts)) as advance:
            for start in range(0, len(texts), _PIECE):
                piece = texts[start : start + _PIECE]
                kept = kept_piece(piece, self._cache, self._identity, self._half, (self.width,), lent=True)
                pieces.append(np.asarray(kept, np.float16))
                advance(len(piece))
        return Encoded(pieces)

    def _require_room(self, texts: Sequence[str]) -> None:
        if self._cache is None:
            return
        self._cache.mkdir(parents=True, exist_ok=True)
        pieces = (texts[start : start + _PIECE] for start in range(0, len(texts), _PIECE))
        missing = sum(len(piece) for piece in pieces if not is_kept(piece, self._cache, self._identity))
        require_room(
            self._cache,
            missing * self.width * 2 + _SPARE_BYTES,
            "what the texts are encoded to",
            "give -o cache=none or another folder",
        )

    def _half(self, texts: Sequence[str]) -> HalfFeatures:
        rows = np.empty((len(texts), self.width), np.float16)
        self._fill(texts, rows)
        return rows

    def _fill(self, texts: Sequence[str], rows: npt.NDArray[np.floating]) -> None:
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        for batch in by_length([len(each) for each in tokens], _TOKENS_AT_ONCE):
            width = max(1, len(tokens[batch[-1]]))
            ids = np.full((len(batch), width), self._pad_id, np.int64)
            mask = np.zeros((len(batch), width), np.int64)
            for place, row in enumerate(batch):
                ids[place, : len(tokens[row])] = tokens[row]
                mask[place, : len(tokens[row])] = 1
            rows[batch] = self._session.run(["features"], {IDS: ids, MASK: mask})[0]
