"""Builds a tiny BERT as hubs keep it: the encoder family is tested without any package or download."""

import json
import struct
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

_WORDS = "late again thank you for the lovely crew my flight was great awful never happy sad not ! ? ."
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def a_bert_folder(
    folder: Path, *, width: int = 32, layers: int = 2, heads: int = 2, prefix: str = "", without: str = ""
) -> dict[str, np.ndarray]:
    """Write `config.json`, `model.safetensors` and `tokenizer.json`; return the weights."""
    vocabulary = {word: index for index, word in enumerate([*_SPECIAL, *_WORDS.split(" ")])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "hidden_size": width,
        "max_position_embeddings": 64,
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config))
    weights = _weights(len(vocabulary), width, layers)
    weights.pop(without, None)
    _write_safetensors(
        folder / "model.safetensors", {prefix + name: value for name, value in weights.items()}
    )
    return weights


def _weights(words: int, width: int, layers: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(5)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (words, width),
        "embeddings.position_embeddings.weight": (64, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "embeddings.LayerNorm.weight": (width,),
        "embeddings.LayerNorm.bias": (width,),
    }
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        square = [*(f"attention.self.{part}" for part in ("query", "key", "value")), "attention.output.dense"]
        dense = dict.fromkeys(square, (width, width))
        dense |= {"intermediate.dense": (4 * width, width), "output.dense": (width, 4 * width)}
        for name, shape in dense.items():
            shapes |= {f"{at}.{name}.weight": shape, f"{at}.{name}.bias": shape[:1]}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{at}.{name}.weight": (width,), f"{at}.{name}.bias": (width,)}
    return {
        name: (generator.normal(0, 0.3, shape) + (name.endswith("LayerNorm.weight"))).astype(np.float32)
        for name, shape in shapes.items()
    }


def _write_safetensors(path: Path, weights: dict[str, np.ndarray]) -> None:
    header, content = {}, b""
    for name, value in weights.items():
        offsets = [len(content), len(content) + value.nbytes]
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": offsets}
        content += value.tobytes()
    encoded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + content)
