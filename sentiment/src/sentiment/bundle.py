"""A model bundle: open it, verify it, ask it. See `docs/contracts.md` for the three files.

`Bundle.open` trusts nothing: sizes before reading, hashes before parsing, the graph before the runtime,
and the golden texts before the first answer.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sentiment.batching import by_length
from sentiment.errors import GoldenMismatchError, GraphError
from sentiment.files import read_file, read_verified
from sentiment.graph import check_graph
from sentiment.language import foreign_language
from sentiment.manifest import GRAPH, MANIFEST, TOKENIZER, Label, Manifest, parse_manifest
from sentiment.runtime import (
    RUNTIME_ERRORS,
    FloatArray,
    as_tokenizer_error,
    open_session,
    open_tokenizer,
)

# Tokens, padding included, that go through the graph at once: bounds the memory of a large request.
# Eight times as many cost a transformer half as much time again and twice the memory: what it computes
# then no longer fits into the processor's cache. A linear model does not mind.
_TOKENS_AT_ONCE = 2_048


@dataclass(frozen=True, slots=True)
class Prediction:
    """An answer for one text.

    Attributes
    ----------
    label
        `positive` where the probability reaches the bundle's threshold.
    probability
        Of *positive*, in [0, 1].
    """

    label: Label
    probability: float


@dataclass(frozen=True, slots=True)
class ForeignText:
    """Said instead of an answer: the text is in a language that the bundle does not know.

    Attributes
    ----------
    language
        ISO 639-1 code.
    """

    language: str


class Bundle:
    """A verified model, ready to answer from any number of threads. Open one with `Bundle.open`.

    Attributes
    ----------
    manifest
        What `bundle.json` says.
    sha256
        Of `bundle.json`, hexadecimal: through the hashes in it, it stands for the whole bundle.
    """

    def __init__(self, manifest: Manifest, sha256: str, tokenizer: bytes, graph: bytes) -> None:
        self.manifest = manifest
        self.sha256 = sha256
        self._languages = frozenset(manifest.languages)
        self._tokenizer = open_tokenizer(tokenizer, manifest.max_length)
        # Padding is described by the file and done here, so that texts can be grouped by length first.
        padding = self._tokenizer.padding or {}
        self._pad_id = int(padding.get("pad_id", 0))
        self._pad_left = padding.get("direction") == "left"
        self._tokenizer.no_padding()
        self._session = open_session(graph)
        self._takes_mask = any(item.name == "mask" for item in self._session.get_inputs())

    @classmethod
    def open(cls, folder: Path) -> "Bundle":
        """Open a bundle and verify all of it.

        Parameters
        ----------
        folder
            Holds `tokenizer.json`, `model.onnx` and `bundle.json`.

        Raises
        ------
        BundleError
            One of its kinds (`sentiment.errors`), saying what is wrong with which file.
        """
        raw = read_file(folder, MANIFEST)
        manifest = parse_manifest(raw)
        tokenizer = read_verified(folder, TOKENIZER, manifest.files[TOKENIZER])
        graph = read_verified(folder, GRAPH, manifest.files[GRAPH])
        check_graph(graph)
        bundle = cls(manifest, hashlib.sha256(raw).hexdigest(), tokenizer, graph)
        bundle._check_golden()
        return bundle

    def read(self, texts: Sequence[str]) -> list[Prediction | ForeignText]:
        """Label each text, in order, but for those that are surely in a language that it does not know.

        Raises
        ------
        BundleError
            As `predict`.
        """
        foreign = [foreign_language(text, self._languages) for text in texts]
        if not any(foreign):
            return [*self.predict(texts)]
        known = [text for text, language in zip(texts, foreign, strict=True) if language is None]
        predictions = iter(self.predict(known) if known else ())
        return [next(predictions) if language is None else ForeignText(language) for language in foreign]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Label each text, in order.

        Raises
        ------
        BundleError
            If the bundle cannot score a text; one that passed its golden texts hardly ever does.
        """
        threshold = self.manifest.threshold
        negative, positive = self.manifest.labels
        return [
            Prediction(positive if probability >= threshold else negative, probability)
            for probability in self.probabilities(texts).tolist()
        ]

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """Score each text.

        Parameters
        ----------
        texts
            Any number, each anything that UTF-8 can hold. Tokens past `max_length` do not count.

        Returns
        -------
        FloatArray
            Probability of *positive*, shape (n,), each in [0, 1], in the order of the texts.

        Raises
        ------
        TokenizerError, GraphError
            If the bundle cannot score a text.
        """
        tokens = self._tokens(texts)
        if len(tokens) == 1:
            return self._run(tokens)
        result = np.empty(len(tokens), np.float32)
        for rows in by_length([len(each) for each in tokens], _TOKENS_AT_ONCE):
            result[rows] = self._run([tokens[row] for row in rows])
        return result

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        try:
            return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        except BaseException as error:
            raise as_tokenizer_error(error) from error

    def _run(self, tokens: Sequence[list[int]]) -> FloatArray:
        width = max(1, *map(len, tokens))
        ids = np.full((len(tokens), width), self._pad_id, np.int64)
        mask = np.zeros((len(tokens), width), np.int64) if self._takes_mask else None
        for row, values in enumerate(tokens):
            place = slice(width - len(values), width) if self._pad_left else slice(len(values))
            ids[row, place] = values
            if mask is not None:
                mask[row, place] = 1
        inputs = {"ids": ids} if mask is None else {"ids": ids, "mask": mask}
        try:
            (probability,) = self._session.run(["probability"], inputs)
        except RUNTIME_ERRORS as error:
            raise GraphError(f"model.onnx cannot score a text: {error!s:.300}") from error
        if probability.shape != (len(tokens),) or not bool(((probability >= 0) & (probability <= 1)).all()):
            raise GraphError("model.onnx answered with something else than one probability a text")
        return probability

    def _check_golden(self) -> None:
        golden = self.manifest.golden
        measured = self.probabilities([item.text for item in golden])
        for index, (item, probability) in enumerate(zip(golden, measured.tolist(), strict=True)):
            if not abs(item.probability - probability) <= self.manifest.golden_tolerance:
                # Named by its place: messages are logged, and a golden text may be somebody's tweet.
                raise GoldenMismatchError(
                    f"golden text {index + 1} of {len(golden)} gives {probability:.6f} here and gave "
                    f"{item.probability:.6f} in training; export the model again"
                )
