"""The graph of an encoder computes what KerasHub computes from the same folder of weights."""

import itertools
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hub_folders import LONGEST, WIDTH, a_hub_folder
from scipy.special import erf

from sentiment.graph import check_graph
from sentiment_training.encoders.bert_graph import encode
from sentiment_training.encoders.bert_weights import (
    Dense,
    EncoderWeights,
    Layer,
    Norm,
    check_folder,
    read_weights,
)
from sentiment_training.encoders.pooling import mean_of_tokens
from sentiment_training.errors import OptionError
from sentiment_training.graph_writing import GraphWriter

safetensors = pytest.importorskip("safetensors.numpy", reason="comes with the extras deep and encoder")

ARCHITECTURES = ["bert", "distilbert", "roberta", "xlm-roberta"]


def a_head() -> Dense:
    random = np.random.default_rng(3)
    return Dense(random.normal(0, 0.3, (WIDTH, 1)).astype(np.float32), np.array([0.1], np.float32))


def a_model(weights: EncoderWeights, *, quantised: bool = False) -> bytes:
    """The mean over the tokens, and one dense unit on it."""
    graph, head = GraphWriter(), a_head()
    mean = mean_of_tokens(graph, encode(graph, weights, quantised=quantised)[-1])
    score = graph.dense(mean, "head", head.kernel, head.bias)
    return graph.served("a model", graph.node("Sigmoid", graph.node("Squeeze", score, graph.integers(1))))


def some_tokens(rows: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Texts of 1 to 12 tokens, padded at the right."""
    ids = np.random.default_rng(1).integers(5, 60, (rows, 12))
    mask = (np.arange(12) < np.linspace(1, 12, rows).round()[:, np.newaxis]).astype(np.int64)
    return np.where(mask == 1, ids, 0), mask


def run(model: bytes, ids: np.ndarray, mask: np.ndarray, output: str = "probability") -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (result,) = session.run([output], {"ids": ids, "mask": mask})
    return result


def sigmoid(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_it_computes_what_keras_hub_computes(kind: str, tmp_path: Path) -> None:
    keras_hub = pytest.importorskip("keras_hub", reason="comes with the extra deep")
    import keras  # noqa: PLC0415

    folder = a_hub_folder(tmp_path / kind, kind)
    backbone = keras_hub.models.Backbone.from_preset(str(folder))
    for layer in backbone.transformer_layers:
        # KerasHub's BERT approximates what the weights were trained with.
        layer._feedforward_intermediate_dense.activation = keras.activations.gelu
    ids, mask = some_tokens()
    inputs = {"token_ids": ids, "padding_mask": mask}
    if kind == "bert":
        inputs["segment_ids"] = np.zeros_like(ids)
    output = backbone(inputs)
    hidden = np.asarray(output["sequence_output"] if kind == "bert" else output)
    mean = (hidden * mask[..., np.newaxis]).sum(1) / mask.sum(1, keepdims=True)
    head = a_head()
    expected = sigmoid(mean @ head.kernel + head.bias)[:, 0]
    given = run(a_model(read_weights(folder)), ids, mask)
    np.testing.assert_allclose(given, expected, atol=1e-5)


def attention_of_mpnet(layer: Layer, x: np.ndarray, table: np.ndarray) -> np.ndarray:
    """One text's attention, as Song et al. 2020 write it down, two tokens at a time."""
    length, heads = len(x), table.shape[1]
    query, key, value = (
        (x @ each.kernel + each.bias).reshape(length, heads, -1)
        for each in (layer.query, layer.key, layer.value)
    )
    mixed = np.empty_like(value)
    for head, first in itertools.product(range(heads), range(length)):
        scores = [
            query[first, head] @ key[second, head] / np.sqrt(query.shape[-1])
            + table[row_of_distance(second - first), head]
            for second in range(length)
        ]
        shares = np.exp(scores) / np.exp(scores).sum()
        mixed[first, head] = shares @ value[:, head]
    return mixed.reshape(length, -1) @ layer.attended.kernel + layer.attended.bias


def row_of_distance(away: int) -> int:
    """T5's buckets, of 32 rows: eight for near ones, eight for ranges up to 128, in either direction."""
    far = abs(away)
    row = far if far < 8 else min(15, 8 + int(np.log(far / 8) / np.log(16) * 8))
    return row + 16 * (away > 0)


def test_mpnet_knows_how_far_tokens_are_apart(tmp_path: Path) -> None:
    folder = a_hub_folder(tmp_path, "mpnet", layers=1)
    weights = read_weights(folder)
    tensors = safetensors.load_file(folder / "model.safetensors")
    table = tensors["mpnet.encoder.relative_attention_bias.weight"]
    assert weights.distances is not None
    np.testing.assert_array_equal(
        weights.distances, table[[row_of_distance(away) for away in range(1 - LONGEST, LONGEST)]]
    )
    ids = np.random.default_rng(1).integers(5, 60, (1, 30))

    def normed(x: np.ndarray, norm: Norm) -> np.ndarray:
        spread = np.sqrt(x.var(-1, keepdims=True) + weights.epsilon)
        return (x - x.mean(-1, keepdims=True)) / spread * norm.scale + norm.offset

    (layer,) = weights.layers
    x = normed(weights.tokens[ids[0]] + weights.positions[:30], weights.norm)
    x = normed(x + attention_of_mpnet(layer, x, table), layer.attended_norm)
    wide = x @ layer.widen.kernel + layer.widen.bias
    gelu = wide * (1 + erf(wide / np.sqrt(2))) / 2
    x = normed(x + gelu @ layer.narrow.kernel + layer.narrow.bias, layer.norm)
    head = a_head()
    expected = sigmoid(x.mean(0) @ head.kernel + head.bias)
    np.testing.assert_allclose(run(a_model(weights), ids, np.ones_like(ids)), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_what_is_cut_off_was_of_no_use_to_short_texts(kind: str, tmp_path: Path) -> None:
    weights = read_weights(a_hub_folder(tmp_path, kind))
    short = weights.cut(12, 2)
    assert (short.longest, len(short.layers)) == (12, 2)
    tokens = some_tokens()
    np.testing.assert_array_equal(run(a_model(short), *tokens), run(a_model(weights), *tokens))
    assert weights.cut(12, 1).layers == weights.layers[:1]


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
@pytest.mark.parametrize("quantised", [False, True])
def test_a_text_is_answered_alike_alone_and_among_others(kind: str, quantised: bool, tmp_path: Path) -> None:
    model = a_model(read_weights(a_hub_folder(tmp_path, kind)), quantised=quantised)
    check_graph(model)
    ids, mask = some_tokens()
    together = run(model, ids, mask)
    for row, length in enumerate(mask.sum(1)):
        alone = run(model, ids[row : row + 1, :length], mask[row : row + 1, :length])
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)


def test_bytes_are_a_quarter_of_the_size_and_nearly_the_same(tmp_path: Path) -> None:
    weights = read_weights(a_hub_folder(tmp_path, vocabulary=20_000))
    exact, small = (a_model(weights, quantised=each) for each in (False, True))
    assert len(small) < 0.4 * len(exact)  # sixteen numbers share a scale; a real encoder's hundreds do
    np.testing.assert_allclose(run(small, *some_tokens()), run(exact, *some_tokens()), atol=0.01)


def test_a_text_without_tokens_and_the_longest_one_are_answered(tmp_path: Path) -> None:
    model = a_model(read_weights(a_hub_folder(tmp_path)))
    for ids, mask in (
        (np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int64)),
        (np.full((1, LONGEST), 7), np.ones((1, LONGEST), np.int64)),
    ):
        assert 0 < run(model, ids, mask)[0] < 1


@pytest.mark.parametrize("prefix", ["", "bert.", "a.bert."])
def test_the_prefix_of_a_task_is_passed_over(prefix: str, tmp_path: Path) -> None:
    plain = read_weights(a_hub_folder(tmp_path / "plain", prefix=""))
    named = read_weights(a_hub_folder(tmp_path / "named", prefix=prefix))
    np.testing.assert_array_equal(plain.tokens, named.tokens)
    np.testing.assert_array_equal(plain.layers[1].norm.offset, named.layers[1].norm.offset)


def test_the_old_names_of_a_layer_normalisation_are_understood(tmp_path: Path) -> None:
    folder = a_hub_folder(tmp_path)
    tensors = safetensors.load_file(folder / "model.safetensors")
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in tensors.items()
    }
    expected = read_weights(folder).norm.scale
    safetensors.save_file(renamed, folder / "model.safetensors")
    np.testing.assert_array_equal(read_weights(folder).norm.scale, expected)


def test_weights_in_several_files_are_read(tmp_path: Path) -> None:
    folder = a_hub_folder(tmp_path)
    expected = read_weights(folder)
    tensors = safetensors.load_file(folder / "model.safetensors")
    names = sorted(tensors)
    parts = {"part-1.safetensors": names[::2], "part-2.safetensors": names[1::2]}
    for part, held in parts.items():
        safetensors.save_file({name: tensors[name] for name in held}, folder / part)
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {name: part for part, held in parts.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    np.testing.assert_array_equal(
        read_weights(folder).layers[0].widen.kernel, expected.layers[0].widen.kernel
    )


def changed_config(folder: Path, **values: object) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | values), encoding="utf-8")


def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no readable config\.json"):
        check_folder(tmp_path)
    folder = a_hub_folder(tmp_path / "weights")
    changed_config(folder, model_type="llama")
    with pytest.raises(OptionError, match="type 'llama' cannot be used; what can is bert"):
        check_folder(folder)
    changed_config(folder, model_type="bert", hidden_act="relu")
    with pytest.raises(OptionError, match="activation is 'relu'"):
        check_folder(folder)
    changed_config(folder, hidden_act="gelu", num_hidden_layers=3)
    with pytest.raises(OptionError, match=r"encoder\.layer\.2\.attention\.self\.query\.weight is missing"):
        read_weights(folder)
    changed_config(folder, num_hidden_layers=2, hidden_size=17)
    with pytest.raises(OptionError, match="has the shape"):
        read_weights(folder)
    (folder / "model.safetensors").write_bytes(b"\x00" * 30)
    with pytest.raises(OptionError, match="its weights cannot be read"):
        read_weights(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(OptionError, match=r"holds no model\.safetensors; pytorch_model\.bin is a pickle"):
        check_folder(folder)
