"""Folders of weights as hubs keep them, tiny and random: `config.json`, `model.safetensors`, a tokenizer."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

WIDTH, WIDE, LAYERS, HEADS, LONGEST = 16, 32, 2, 4, 40
WORDS = [
    "the",
    "crew",
    "was",
    "great",
    "awful",
    "never",
    "again",
    "thanks",
    "late",
    "not",
    "bad",
    "good",
    "!",
]

_BERT = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attended": "attention.output.dense",
    "attended_norm": "attention.output.LayerNorm",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
    "norm": "output.LayerNorm",
}
_DISTILBERT = {
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "attended": "attention.out_lin",
    "attended_norm": "sa_layer_norm",
    "widen": "ffn.lin1",
    "narrow": "ffn.lin2",
    "norm": "output_layer_norm",
}
_MPNET = _BERT | {
    "query": "attention.attn.q",
    "key": "attention.attn.k",
    "value": "attention.attn.v",
    "attended": "attention.attn.o",
    "attended_norm": "attention.LayerNorm",
}
DISTANCES = 32  # rows of MPNet's table


def a_hub_folder(
    folder: Path,
    kind: str = "bert",
    *,
    prefix: str | None = None,
    vocabulary: int = 64,
    layers: int = LAYERS,
    heads: int = HEADS,
) -> Path:
    """Write weights of an architecture; `prefix` is what its task's models put before each name."""
    save_file = pytest.importorskip("safetensors.numpy", reason="comes with the extra deep").save_file

    folder.mkdir(parents=True, exist_ok=True)
    distilbert = kind == "distilbert"
    parts = {"distilbert": _DISTILBERT, "mpnet": _MPNET}.get(kind, _BERT)
    prefix = {"xlm-roberta": "roberta."}.get(kind, f"{kind}.") if prefix is None else prefix
    random = np.random.default_rng(5)

    def matrix(*shape: int) -> np.ndarray:
        return random.normal(0, 0.3, shape).astype(np.float32)

    rows = LONGEST + 2 * (kind.endswith("roberta") or kind == "mpnet")
    tensors = {
        "embeddings.word_embeddings.weight": matrix(vocabulary, WIDTH),
        "embeddings.position_embeddings.weight": matrix(rows, WIDTH),
        "embeddings.LayerNorm.weight": 1 + matrix(WIDTH),
        "embeddings.LayerNorm.bias": matrix(WIDTH),
    }
    if kind in ("bert", "xlm-roberta"):
        tensors["embeddings.token_type_embeddings.weight"] = matrix(2 if kind == "bert" else 1, WIDTH)
    if kind == "roberta":  # trained without segments: they are there, and nothing
        tensors["embeddings.token_type_embeddings.weight"] = np.zeros((1, WIDTH), np.float32)
    if kind == "bert":
        tensors["pooler.dense.weight"] = matrix(WIDTH, WIDTH)
        tensors["pooler.dense.bias"] = matrix(WIDTH)
    if kind == "mpnet":
        tensors["encoder.relative_attention_bias.weight"] = matrix(DISTANCES, heads)
    for number in range(layers):
        for part, name in parts.items():
            outputs = WIDE if part == "widen" else WIDTH
            inputs = WIDE if part == "narrow" else WIDTH
            key = f"{'transformer' if distilbert else 'encoder'}.layer.{number}.{name}"
            is_norm = part.endswith("norm")
            tensors[f"{key}.weight"] = 1 + matrix(outputs) if is_norm else matrix(outputs, inputs)
            tensors[f"{key}.bias"] = matrix(outputs)
    save_file({prefix + name: value for name, value in tensors.items()}, folder / "model.safetensors")

    config = {"model_type": kind, "vocab_size": vocabulary, "max_position_embeddings": rows}
    if distilbert:
        config |= {"dim": WIDTH, "hidden_dim": WIDE, "n_layers": layers, "n_heads": heads}
        config |= {"activation": "gelu", "dropout": 0.1}
    else:
        config |= {"hidden_size": WIDTH, "intermediate_size": WIDE, "num_hidden_layers": layers}
        config |= {"num_attention_heads": heads, "hidden_act": "gelu", "hidden_dropout_prob": 0.1}
        config |= {"type_vocab_size": 2 if kind == "bert" else 1}
        config |= {"layer_norm_eps": 1e-12 if kind == "bert" else 1e-5}
    if kind == "mpnet":
        config |= {"relative_attention_num_buckets": DISTANCES}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    a_wordpiece_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def a_wordpiece_tokenizer() -> Tokenizer:
    """BERT's kind of tokenizer, with a vocabulary of a few words."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [*"abcdefghijklmnopqrstuvwxyz", "##s", "##ed"]
    vocabulary = {token: number for number, token in enumerate([*special, *WORDS, *letters])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]", length=128)
    tokenizer.enable_truncation(128)
    return tokenizer
