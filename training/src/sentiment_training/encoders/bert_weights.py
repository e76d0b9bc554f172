"""The weights of a BERT-shaped encoder, as NumPy arrays, and how they are read from a folder.

BERT, RoBERTa, BERTweet, XLM-R, DistilBERT and MPNet compute the same: embeddings, then layers of attention
and of a small network, each followed by a layer normalisation. They differ in the names of their weights, in
where positions begin, and in whether attention knows how far tokens are apart; here that ends.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from sentiment_training.errors import OptionError

Array = npt.NDArray[np.float32]

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PICKLE = "pytorch_model.bin"

# RoBERTa's positions begin after its padding's own number, which is 1, and so do MPNet's.
_ROBERTA_FIRST_POSITION = 2
_FIRST_POSITIONS = {
    "bert": 0,
    "distilbert": 0,
    "mpnet": _ROBERTA_FIRST_POSITION,
    "roberta": _ROBERTA_FIRST_POSITION,
    "xlm-roberta": _ROBERTA_FIRST_POSITION,
}
_WITHOUT_SEGMENTS = ("distilbert", "mpnet")

# DistilBERT's and MPNet's names for what the others agree on.
_DISTILBERT_NAMES = {
    r"^transformer\.layer\.": "encoder.layer.",
    r"\.attention\.q_lin\.": ".attention.self.query.",
    r"\.attention\.k_lin\.": ".attention.self.key.",
    r"\.attention\.v_lin\.": ".attention.self.value.",
    r"\.attention\.out_lin\.": ".attention.output.dense.",
    r"\.sa_layer_norm\.": ".attention.output.LayerNorm.",
    r"\.ffn\.lin1\.": ".intermediate.dense.",
    r"\.ffn\.lin2\.": ".output.dense.",
    r"\.output_layer_norm\.": ".output.LayerNorm.",
}
_MPNET_NAMES = {
    r"\.attention\.attn\.q\.": ".attention.self.query.",
    r"\.attention\.attn\.k\.": ".attention.self.key.",
    r"\.attention\.attn\.v\.": ".attention.self.value.",
    r"\.attention\.attn\.o\.": ".attention.output.dense.",
    r"\.attention\.LayerNorm\.": ".attention.output.LayerNorm.",
}
_NAMES: Mapping[str, Mapping[str, str]] = {"distilbert": _DISTILBERT_NAMES, "mpnet": _MPNET_NAMES}
_FARTHEST = 128  # tokens; MPNet takes all from there on for one distance. Its config does not say it.
_TOKENS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True)
class Dense:
    """y = x · kernel + bias; `kernel` has the shape (inputs, outputs), `bias` (outputs,)."""

    kernel: Array
    bias: Array


@dataclass(frozen=True)
class Norm:
    """Layer normalisation, each of shape (width,)."""

    scale: Array
    offset: Array


@dataclass(frozen=True)
class Layer:
    """Attention and a small network, each added to what came in and normalised after."""

    query: Dense
    key: Dense
    value: Dense
    attended: Dense
    attended_norm: Norm
    widen: Dense
    narrow: Dense
    norm: Norm


@dataclass(frozen=True)
class EncoderWeights:
    """All weights of an encoder.

    Attributes
    ----------
    tokens
        Embeddings, shape (vocabulary, width).
    positions
        Embeddings, shape (longest text, width), beginning with the first token's. The embedding of the
        first segment, which is every tweet's, is added to each.
    norm
        Of the sum of both.
    layers
        From the first to the last.
    heads
        Of attention; they share the width.
    epsilon
        Added to a variance before its root is taken.
    distances
        Added to what attention's heads make of two tokens, shape (2 · longest text - 1, heads): the first
        row where the second token is as far as can be before the first, the last one where it is after it.
        MPNet's alone.
    """

    tokens: Array
    positions: Array
    norm: Norm
    layers: Sequence[Layer]
    heads: int
    epsilon: float
    distances: Array | None = None

    @property
    def width(self) -> int:
        """Numbers a token is described by."""
        return int(self.tokens.shape[1])

    @property
    def longest(self) -> int:
        """Tokens of the longest text."""
        return len(self.positions)

    def cut(self, longest: int, layers: int) -> "EncoderWeights":
        """Keep what texts of at most `longest` tokens need, and the first layers."""
        distances = self.distances
        if distances is not None:
            left_out = self.longest - longest
            distances = distances[left_out : len(distances) - left_out]
        return replace(
            self, positions=self.positions[:longest], layers=self.layers[:layers], distances=distances
        )


def check_folder(folder: Path) -> Mapping[str, object]:
    """Return the content of `config.json`, if the folder holds weights that `read_weights` reads.

    Raises
    ------
    OptionError
        If files are missing, or the architecture is another.
    """
    try:
        config: dict[str, object] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OptionError(f"{folder} holds no readable {CONFIG}, so it is no folder of weights") from error
    kind = config.get("model_type")
    if kind not in _FIRST_POSITIONS:
        raise OptionError(
            f"{folder}: weights of the type {kind!r} cannot be used; what can is "
            + ", ".join(_FIRST_POSITIONS)
        )
    activation = config.get("activation" if kind == "distilbert" else "hidden_act", "gelu")
    if activation != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        raise OptionError(
            f"{folder}: its activation is {activation!r} and its positions are "
            f"{config.get('position_embedding_type', 'absolute')!r}; only gelu and absolute can be used"
        )
    if not any((folder / name).is_file() for name in (WEIGHTS, _INDEX)):
        because = f"; {_PICKLE} is a pickle, which may hold code: convert it" * (folder / _PICKLE).is_file()
        raise OptionError(f"{folder} holds no {WEIGHTS}{because}")
    return config


def longest_text(config: Mapping[str, object]) -> int | None:
    """Tokens of the longest text, as a folder's `config.json` has it; None if it does not say."""
    rows = config.get("max_position_embeddings")
    return rows - _FIRST_POSITIONS[str(config["model_type"])] if isinstance(rows, int) else None


def layer_count(config: Mapping[str, object]) -> int | None:
    """Layers, as a folder's `config.json` has it; None if it does not say."""
    count = config.get("num_hidden_layers", config.get("n_layers"))
    return count if isinstance(count, int) else None


def weight_files(folder: Path) -> Sequence[Path]:
    """Return the files that hold a folder's weights: one, or the parts that its index names.

    Raises
    ------
    OptionError
        If the index cannot be read.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        return [folder / name for name in sorted(set(index["weight_map"].values()))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OptionError(f"{folder}: its weights cannot be read ({error})") from error


def read_weights(folder: Path) -> EncoderWeights:
    """Read an encoder from a folder as hubs keep them: `config.json` and `model.safetensors`.

    Raises
    ------
    OptionError
        If the folder cannot be used, or a weight is missing or has another shape than the config says.
    """
    config = check_folder(folder)
    kind = str(config["model_type"])
    reader = _Reader(folder, config, _tensors(folder, _NAMES.get(kind, {})))
    width = int(reader.number("hidden_size", "dim"))
    wide = int(reader.number("intermediate_size", "hidden_dim"))
    rows = int(reader.number("max_position_embeddings"))
    positions = reader.tensor("embeddings.position_embeddings.weight", rows, width)[_FIRST_POSITIONS[kind] :]
    if kind not in _WITHOUT_SEGMENTS:
        segments = int(reader.number("type_vocab_size"))
        positions = positions + reader.tensor("embeddings.token_type_embeddings.weight", segments, width)[0]
    heads = int(reader.number("num_attention_heads", "n_heads"))
    return EncoderWeights(
        tokens=reader.tensor(_TOKENS, int(reader.number("vocab_size")), width),
        positions=positions,
        norm=reader.norm("embeddings.LayerNorm", width),
        layers=[
            reader.layer(f"encoder.layer.{number}", width, wide)
            for number in range(int(reader.number("num_hidden_layers", "n_layers")))
        ],
        heads=heads,
        # DistilBERT's config does not say it; its code does.
        epsilon=1e-12 if kind == "distilbert" else float(reader.number("layer_norm_eps")),
        distances=reader.distances(len(positions), heads) if kind == "mpnet" else None,
    )


@dataclass(frozen=True)
class _Reader:
    """Reads weights by BERT's names, and says which one is missing or has another shape."""

    folder: Path
    config: Mapping[str, object]
    tensors: Mapping[str, Callable[[], Array]]

    def number(self, *names: str) -> float:
        for name in names:
            if isinstance(value := self.config.get(name), int | float):
                return value
        raise OptionError(f"{self.folder / CONFIG}: {names[0]} is missing")

    def tensor(self, name: str, *shape: int) -> Array:
        for known in (name, _old_name(name)):
            if known in self.tensors:
                value = self.tensors[known]()
                if value.shape != shape:
                    raise OptionError(
                        f"{self.folder}: {known} has the shape {value.shape}, its config says {shape}"
                    )
                return value
        raise OptionError(f"{self.folder}: the weight {name} is missing")

    def dense(self, name: str, inputs: int, outputs: int) -> Dense:
        kernel = self.tensor(f"{name}.weight", outputs, inputs).T
        return Dense(np.ascontiguousarray(kernel), self.tensor(f"{name}.bias", outputs))

    def norm(self, name: str, width: int) -> Norm:
        return Norm(self.tensor(f"{name}.weight", width), self.tensor(f"{name}.bias", width))

    def distances(self, longest: int, heads: int) -> Array:
        """Write MPNet's table of distances out: near ones have a row each, far ones one for several.

        Song et al. 2020, who have it from T5 (Raffel et al. 2020): half of the rows are for either direction,
        half of those for single distances, the others for ranges that grow.
        """
        rows = int(self.number("relative_attention_num_buckets"))
        table = self.tensor("encoder.relative_attention_bias.weight", rows, heads)
        either = rows // 2
        single = either // 2
        away = np.arange(1 - longest, longest)
        far = np.maximum(np.abs(away), 1) / single
        grown = single + np.log(far) / np.log(_FARTHEST / single) * (either - single)
        row = np.where(np.abs(away) < single, np.abs(away), np.minimum(grown.astype(int), either - 1))
        written_out: Array = table[row + either * (away > 0)]
        return written_out

    def layer(self, name: str, width: int, wide: int) -> Layer:
        return Layer(
            query=self.dense(f"{name}.attention.self.query", width, width),
            key=self.dense(f"{name}.attention.self.key", width, width),
            value=self.dense(f"{name}.attention.self.value", width, width),
            attended=self.dense(f"{name}.attention.output.dense", width, width),
            attended_norm=self.norm(f"{name}.attention.output.LayerNorm", width),
            widen=self.dense(f"{name}.intermediate.dense", width, wide),
            narrow=self.dense(f"{name}.output.dense", wide, width),
            norm=self.norm(f"{name}.output.LayerNorm", width),
        )


def _old_name(name: str) -> str:
    """The first BERTs were trained with TensorFlow, and call a scale gamma and an offset beta."""
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


def _tensors(folder: Path, names_of: Mapping[str, str]) -> Mapping[str, Callable[[], Array]]:
    """Readers of all tensors under BERT's names, without the prefix that a task's model puts before them."""
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - comes with an extra

    readers: dict[str, Callable[[], Array]] = {}
    try:
        for path in weight_files(folder):
            with safe_open(path, framework="np") as file:
                readers |= {key: _reader(path, key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise OptionError(f"{folder}: its weights cannot be read ({error})") from error
    prefix = next((key.removesuffix(_TOKENS) for key in readers if key.endswith(_TOKENS)), "")
    return {_renamed(key.removeprefix(prefix), names_of): reader for key, reader in readers.items()}


def _renamed(name: str, patterns: Mapping[str, str]) -> str:
    for pattern, wanted in patterns.items():
        name = re.sub(pattern, wanted, name)
    return name


def _reader(path: Path, key: str) -> Callable[[], Array]:
    def read() -> Array:
        from safetensors import safe_open  # noqa: PLC0415 - comes with an extra

        with safe_open(path, framework="np") as file:
            value: Array = np.asarray(file.get_tensor(key)).astype(np.float32)
        return value

    return read


def require_embeddings(folder: Path, tokenizer: Tokenizer, rows: int) -> None:
    """Raise OptionError if a folder's tokenizer numbers more tokens than there are embeddings."""
    if (largest := max(tokenizer.get_vocab().values(), default=0)) >= rows:
        raise OptionError(
            f"{folder}: its tokenizer's numbers reach {largest:,}, its weights know {rows:,} tokens"
        )


def arrays_of(weights: EncoderWeights) -> list[Array]:
    """All arrays of an encoder, in a fixed order: tokens, positions, norm, distances, then layer by layer."""
    found = [weights.tokens, weights.positions, weights.norm.scale, weights.norm.offset]
    if weights.distances is not None:
        found.append(weights.distances)
    for layer in weights.layers:
        for dense in (layer.query, layer.key, layer.value, layer.attended):
            found += [dense.kernel, dense.bias]
        found += [layer.attended_norm.scale, layer.attended_norm.offset]
        for dense in (layer.widen, layer.narrow):
            found += [dense.kernel, dense.bias]
        found += [layer.norm.scale, layer.norm.offset]
    return found


def with_arrays(weights: EncoderWeights, arrays: Sequence[Array]) -> EncoderWeights:
    """The same encoder with other numbers, in the order of `arrays_of`; shapes become the encoder's own."""
    shaped = iter([new.reshape(old.shape) for new, old in zip(arrays, arrays_of(weights), strict=True)])

    def dense() -> Dense:
        return Dense(next(shaped), next(shaped))

    def norm() -> Norm:
        return Norm(next(shaped), next(shaped))

    # Arguments are computed in the order in which they are written: that of `arrays_of`.
    return replace(
        weights,
        tokens=next(shaped),
        positions=next(shaped),
        norm=norm(),
        distances=None if weights.distances is None else next(shaped),
        layers=[
            Layer(dense(), dense(), dense(), dense(), norm(), dense(), dense(), norm())
            for _ in weights.layers
        ],
    )
