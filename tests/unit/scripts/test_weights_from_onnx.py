"""A BERT in an ONNX file becomes a folder that is read as the one it was exported from."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hub_folders import a_hub_folder
from onnx import TensorProto, helper, numpy_helper

safetensors = pytest.importorskip("safetensors.numpy", reason="comes with the extras deep and encoder")

SCRIPT = Path(__file__).parents[3] / "scripts/weights_from_onnx.py"


def exported(folder: Path) -> Path:
    """Write a folder's weights as PyTorch's exporter does: biases by name, transposed matrices without.

    The products stand side by side: only names and places are read.
    """
    weights = {
        name.removeprefix("bert."): value
        for name, value in safetensors.load_file(folder / "model.safetensors").items()
        if "pooler" not in name
    }
    nodes, outputs, constants = [], [], {}
    for number, (name, value) in enumerate(weights.items()):
        if "_embeddings." in name:
            constants[name] = value
            nodes.append(helper.make_node("Gather", [name, "ids"], [f"row_{number}"]))
        elif name.endswith(".weight") and value.ndim == 2:
            constants[f"onnx::MatMul_{number}"] = value.T
            bias = name.removesuffix("weight") + "bias"
            taken = f"x{len(value.T)}"
            nodes.append(helper.make_node("MatMul", [taken, f"onnx::MatMul_{number}"], [f"product_{number}"]))
            nodes.append(helper.make_node("Add", [bias, f"product_{number}"], [f"row_{number}"]))
        else:
            constants[name] = value
            if "Norm" not in name:
                continue
            nodes.append(helper.make_node("Identity", [name], [f"row_{number}"]))
        outputs.append(f"row_{number}")
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])]
    widths = {value.shape[1] for name, value in weights.items() if value.ndim == 2}
    inputs += [helper.make_tensor_value_info(f"x{w}", TensorProto.FLOAT, ["tokens", w]) for w in widths]
    graph = helper.make_graph(
        nodes,
        "bert",
        inputs,
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, None) for each in outputs],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def run(*arguments: Path | str) -> "subprocess.CompletedProcess[str]":
    given = map(str, arguments)
    return subprocess.run([sys.executable, str(SCRIPT), *given], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("quantised", "apart"), [(False, 0.0), (True, 0.02)])
def test_the_folder_is_read_as_what_was_exported(quantised: bool, apart: float, tmp_path: Path) -> None:
    from sentiment_training.encoders.bert_weights import arrays_of, read_weights  # noqa: PLC0415 - slow

    folder = a_hub_folder(tmp_path / "weights")
    model = exported(folder)
    if quantised:
        quantization = pytest.importorskip("onnxruntime.quantization")
        quantization.quantize_dynamic(model, tmp_path / "bytes.onnx")
        model = tmp_path / "bytes.onnx"
        assert any(node.op_type == "MatMulInteger" for node in onnx.load(model).graph.node)
    done = run(model, folder / "tokenizer.json", tmp_path / "found", "--heads", "4")
    assert "2 layers" in done.stdout, done.stderr
    expected, found = read_weights(folder), read_weights(tmp_path / "found")
    for one, other in zip(arrays_of(expected), arrays_of(found), strict=True):
        np.testing.assert_allclose(one, other, atol=apart)
    assert (expected.heads, expected.epsilon) == (found.heads, found.epsilon)
    assert (folder / "tokenizer.json").read_bytes() == (tmp_path / "found/tokenizer.json").read_bytes()

    again = run(model, folder / "tokenizer.json", tmp_path / "found")
    assert "is there already; name a new folder" in again.stderr


def test_another_model_is_refused(tmp_path: Path) -> None:
    graph = helper.make_graph([], "nothing", [], [])
    onnx.save(helper.make_model(graph), tmp_path / "other.onnx")
    (tmp_path / "tokenizer.json").write_text("{}")
    done = run(tmp_path / "other.onnx", tmp_path / "tokenizer.json", tmp_path / "found")
    assert "embeddings.word_embeddings.weight is missing; this reads a BERT" in done.stderr
    assert not (tmp_path / "found").exists()


def test_a_missing_weight_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    folder = a_hub_folder(tmp_path / "weights")
    model = onnx.load(exported(folder))
    norm = "encoder.layer.1.output.LayerNorm.bias"
    (gone,) = (each for each in model.graph.initializer if each.name == norm)
    model.graph.initializer.remove(gone)
    onnx.save(model, tmp_path / "other.onnx")
    before = sorted(tmp_path.iterdir())
    done = run(tmp_path / "other.onnx", folder / "tokenizer.json", tmp_path / "found")
    assert f"the weight {norm} is missing; this reads a BERT" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_no_onnx_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "tokenizer.json").write_text("{}")
    done = run(tmp_path / "other.onnx", tmp_path / "tokenizer.json", tmp_path / "found")
    assert f"{tmp_path / 'other.onnx'} is no ONNX file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("absent", ["other.onnx", "tokenizer.json"])
def test_a_file_that_is_not_there_is_named_before_anything_is_written(absent: str, tmp_path: Path) -> None:
    files = [tmp_path / "other.onnx", tmp_path / "tokenizer.json"]
    for each in files:
        if each.name != absent:
            each.write_bytes(b"")
    assert f"{tmp_path / absent}: no such file" in run(*files, tmp_path / "found").stderr
    assert not (tmp_path / "found").exists()
