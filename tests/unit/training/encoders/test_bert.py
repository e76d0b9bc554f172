"""A BERT folder as a graph: equal to a plain NumPy BERT, and what is no such folder is refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hub_folders import HEADS, LAYERS, WIDTH, a_hub_folder

from sentiment_training.encoders import open_encoder
from sentiment_training.encoders.encoding import TextEncoder
from sentiment_training.errors import OptionError
from sentiment_training.progress import SilentProgress

safetensors = pytest.importorskip("safetensors.numpy", reason="comes with the extras deep and encoder")

TEXTS = ["late again", "thanks the crew was good", "", "not bad !"]


def numpy_bert(weights: dict[str, np.ndarray], ids: list[int], heads: int, layers: int) -> np.ndarray:
    """Compute one text's vector, step by step as Devlin et al. write it."""

    def dense(value: np.ndarray, name: str) -> np.ndarray:
        return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(value: np.ndarray, name: str) -> np.ndarray:
        centred = value - value.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    embeddings = [
        weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    ]
    states = norm(embeddings[0][ids] + embeddings[1][: len(ids)] + embeddings[2][0], "embeddings.LayerNorm")
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        query, key, value = (
            dense(states, f"{at}.attention.self.{part}") for part in ("query", "key", "value")
        )
        mixed = np.empty_like(states)
        width = states.shape[1] // heads
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            scores = query[:, part] @ key[:, part].T / math.sqrt(width)
            share = np.exp(scores - scores.max(-1, keepdims=True))
            mixed[:, part] = share / share.sum(-1, keepdims=True) @ value[:, part]
        attended = dense(mixed, f"{at}.attention.output.dense")
        states = norm(states + attended, f"{at}.attention.output.LayerNorm")
        inner = dense(states, f"{at}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        states = norm(states + dense(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    mean = states.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_the_vectors_are_those_of_a_plain_bert(tmp_path: Path, prefix: str) -> None:
    a_hub_folder(tmp_path, prefix=prefix)
    named = safetensors.load_file(tmp_path / "model.safetensors")
    weights = {name.removeprefix(prefix): value for name, value in named.items()}
    encoder = open_encoder(str(tmp_path))
    tokenizer = encoder.cutting_tokenizer(32)
    vectors = TextEncoder(encoder, tokenizer, pooled=False).encode(TEXTS)
    tokenizer.no_padding()
    expected = [numpy_bert(weights, tokenizer.encode(text).ids, heads=HEADS, layers=LAYERS) for text in TEXTS]
    # Matrices are kept in 127 steps: half a step of each weight is lost.
    assert np.abs(vectors - expected).max() < 0.02
    assert all(vector @ other > 0.998 for vector, other in zip(vectors, expected, strict=True))


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "xlm-roberta"])
def test_a_text_s_vector_does_not_depend_on_what_is_beside_it(tmp_path: Path, kind: str) -> None:
    a_hub_folder(tmp_path, kind)
    encoder = open_encoder(str(tmp_path))
    texts = TextEncoder(encoder, encoder.cutting_tokenizer(32), pooled=True)
    alone = np.concatenate([texts.encode([text]) for text in TEXTS])
    assert np.abs(texts.encode(TEXTS) - alone).max() < 1e-5


def test_the_tokens_means_of_four_layers_are_joined(tmp_path: Path) -> None:
    # Folders of fewer layers have the same first ones.
    found = {}
    for layers in (2, 4, 6, 8):
        encoder = open_encoder(str(a_hub_folder(tmp_path / str(layers), layers=layers)))
        found[layers] = TextEncoder(encoder, encoder.cutting_tokenizer(32), pooled=True).encode(TEXTS)
    assert (len(TEXTS), 5 * WIDTH) == found[8].shape
    joined = np.split(found[8], 5, axis=1)
    for mean, lower in zip(joined[1:], found.values(), strict=True):
        np.testing.assert_allclose(mean, lower[:, -WIDTH:], atol=1e-5)
    np.testing.assert_allclose(joined[0], joined[-1] / np.linalg.norm(joined[-1], axis=1)[:, None], atol=1e-5)


def test_very_many_texts_are_taken_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment_training.encoders.encoding._PIECE", 3)
    a_hub_folder(tmp_path)
    encoder = open_encoder(str(tmp_path))
    texts = TextEncoder(encoder, encoder.cutting_tokenizer(16), pooled=False, cache=tmp_path / "kept")
    many = [f"{'great ' * (i % 5)}crew {'late ' * (i % 3)}" for i in range(8)]
    encoded = texts.encode_all(many, SilentProgress(), "encode")
    assert len(encoded) == 8
    assert [len(piece) for piece in encoded.pieces] == [3, 3, 2]
    wanted = np.array([7, 0, 3, 3, 5])
    expected = texts.encode([many[row] for row in wanted])
    assert np.abs(encoded.rows(wanted) - expected).max() < 1e-2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("config.json", r"holds no readable config\.json"),
        ("model.safetensors", r"holds no model\.safetensors"),
        ("tokenizer.json", r"tokenizer\.json is not there; encoder is use, minilm, e5, a name on the hub"),
    ],
)
def test_a_folder_without_one_of_the_files_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    a_hub_folder(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(OptionError, match=reason):
        open_encoder(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_type": "llama"}, "type 'llama' cannot be used"),
        ({"hidden_act": "relu"}, "activation is 'relu'"),
        ({"hidden_size": "x"}, "hidden_size is missing"),
    ],
)
def test_another_architecture_is_refused(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    a_hub_folder(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(OptionError, match=reason):
        open_encoder(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", r"tokenizer\.json cannot be read .*; fetch it again"),
        (None, r"its tokenizer's numbers reach 99, its weights know"),
    ],
)
def test_a_tokenizer_that_is_damaged_or_another_s_is_refused(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    a_hub_folder(tmp_path)
    path = tmp_path / "tokenizer.json"
    known = json.loads(path.read_text())
    known["model"]["vocab"]["numbered_so"] = 99
    path.write_text(json.dumps(known) if content is None else content)
    with pytest.raises(OptionError, match=reason):
        open_encoder(str(tmp_path))
