"""Folders as the package of E5 keeps its weights, tiny and random: matrices in four bits a weight."""

import struct
from pathlib import Path

import numpy as np
from hub_folders import WORDS as WORDPIECES

E5_FILE = "e5-small-q4.bin"
WIDTH, WIDE, HEADS, LONGEST = 32, 64, 4, 512
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WORDS = [*WORDPIECES[:-1], "query"]
PIECES = [*SPECIAL, *("▁" + word for word in WORDS), "▁", *"abcdefghijklmnopqrstuvwxyz!:é北"]


def in_blocks(matrix: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Round a matrix to sixteen steps a block of 32 weights; return the file's bytes, and what they say."""
    blocks = matrix.reshape(-1, 32)
    scale = (np.abs(blocks).max(axis=1, keepdims=True) / 7).astype("<f2").astype(np.float32)
    steps = np.clip(np.round(blocks / scale) + 8, 0, 15).astype(np.uint8)
    halves = steps[:, :16] | steps[:, 16:] << 4
    packed = b"".join(
        struct.pack("<e", one) + bytes(row) for one, row in zip(scale[:, 0], halves, strict=True)
    )
    return packed, ((steps.astype(np.float32) - 8) * scale).reshape(matrix.shape)


def an_e5_folder(folder: Path, *, layers: int = 1) -> dict[str, np.ndarray]:
    """Write the file; return the weights that it says, by its names."""
    random = np.random.default_rng(5)
    shapes = {"emb.word": (len(PIECES), WIDTH), "emb.pos": (LONGEST, WIDTH), "emb.type": (2, WIDTH)}
    for at in ("emb.ln", *(f"l{number}.{norm}" for number in range(layers) for norm in ("aln", "oln"))):
        shapes |= {f"{at}.w": (WIDTH,), f"{at}.b": (WIDTH,)}
    for number in range(layers):
        for part in ("q", "k", "v", "ao", "fi", "fo"):
            outputs, inputs = (WIDE if part == "fi" else WIDTH), (WIDE if part == "fo" else WIDTH)
            shapes |= {f"l{number}.{part}.w": (outputs, inputs), f"l{number}.{part}.b": (outputs,)}
    weights: dict[str, np.ndarray] = {}
    contents: dict[str, bytes] = {}
    for name, shape in shapes.items():
        value = random.normal(0, 0.3, shape).astype(np.float32) + name.endswith("ln.w")
        in_bits = len(shape) > 1 and name not in ("emb.pos", "emb.type")
        contents[name], weights[name] = in_blocks(value) if in_bits else (value.tobytes(), value)

    text = "".join(PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)]).astype("<u4")
    # Words are likelier than their letters.
    scores = np.array([0 if piece in SPECIAL else -1 - 9 * (len(piece) < 2) for piece in PIECES], "<f4")
    sizes = (WIDTH, layers, HEADS, WIDE, len(PIECES), LONGEST, 2)
    head = b"E5S1" + struct.pack("<I7ifi5iQ", 1, *sizes, 1e-12, 32, len(PIECES), 0, 2, 1, 3, len(text))
    head += ends.tobytes() + scores.tobytes() + text + struct.pack("<iI", 0, 0)
    entries = [(name, contents[name]) for name in shapes]
    at = len(head) + 4 + sum(2 + len(name) + 21 for name in shapes)
    directory = struct.pack("<i", len(entries))
    for name, content in entries:
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, weights[name].size, at, len(content))
        at += len(content)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / E5_FILE).write_bytes(head + directory + b"".join(content for _, content in entries))
    return weights
