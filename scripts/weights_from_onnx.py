"""Writes a BERT that is only at hand as an ONNX file as the folder of weights that `vigie train` takes.

Run it with: .venv/bin/python scripts/weights_from_onnx.py MODEL.onnx tokenizer.json FOLDER
It needs what --extra encoder installs.

It reads what PyTorch exports and ONNX Runtime may have quantised since (`quantize_dynamic`): weights in bytes
are multiplied out. Their names are BERT's own; a matrix, which export leaves nameless, belongs to the bias
that is added to its product.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import GraphProto, NodeProto, numpy_helper
from safetensors.numpy import save_file

from sentiment_training.encoders.bert_weights import read_weights
from sentiment_training.errors import OptionError

Array = npt.NDArray[Any]
Weights = Mapping[str, npt.NDArray[np.float32]]

_TABLES = ("word", "position", "token_type")
_QUANTISED = "_quantized"
_READ = "this reads a BERT as PyTorch exports it"
_STEPS_TO_A_BIAS = 6  # Cast and two Mul lie between, in a quantised graph


def main() -> None:
    """Read the arguments and write the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    parser.add_argument("tokenizer", type=Path, metavar="tokenizer.json")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="is made")
    parser.add_argument("--heads", type=int, default=12, help="of attention (12)")
    given = parser.parse_args()
    if given.folder.exists():
        sys.exit(f"{given.folder} is there already; name a new folder")
    if absent := [each for each in (given.model, given.tokenizer) if not each.is_file()]:
        sys.exit(f"{absent[0]}: no such file")
    try:
        weights = _weights(onnx.load(given.model).graph)
        _write(given.folder, weights, _config(weights, given.heads), given.tokenizer)
    except DecodeError:
        sys.exit(f"{given.model} is no ONNX file; {_READ}")
    except KeyError as missing:
        sys.exit(f"{given.model}: the weight {missing.args[0]} is missing; {_READ}")
    except OptionError as fault:
        sys.exit(f"{given.model}: {fault}; {_READ}")
    print(
        f"{given.folder}: {_layers(weights)} layers, {sum(each.size for each in weights.values()):,} weights"
    )


def _write(folder: Path, weights: Weights, config: Mapping[str, object], tokenizer: Path) -> None:
    """Write the folder, once it was read as training will read it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".weights-") as scratch:
        made = Path(scratch, folder.name)
        made.mkdir()
        save_file(dict(weights), made / "model.safetensors")
        (made / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
        shutil.copy(tokenizer, made / "tokenizer.json")
        read_weights(made)
        made.rename(folder)


def _weights(graph: GraphProto) -> Weights:
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    users: dict[str, NodeProto] = {}
    for node in reversed(graph.node):
        users.update(dict.fromkeys(node.input, node))
    found = {name: value for name, value in constants.items() if name.endswith((".weight", ".bias"))}
    for table in _TABLES:
        name = f"embeddings.{table}_embeddings.weight"
        if name + _QUANTISED in constants:
            found[name] = _multiplied_out(constants, name + _QUANTISED)
    for node in graph.node:
        matrix = node.input[1] if node.op_type in ("MatMul", "MatMulInteger") else ""
        if matrix in constants and (bias := _bias_after(node, users, constants)):
            value = _multiplied_out(constants, matrix) if matrix.endswith(_QUANTISED) else constants[matrix]
            found[bias.removesuffix("bias") + "weight"] = value.T
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


def _multiplied_out(constants: Mapping[str, Array], quantised: str) -> Array:
    name = quantised.removesuffix(_QUANTISED)
    steps = constants[quantised].astype(np.float32) - constants[f"{name}_zero_point"].astype(np.float32)
    return steps * constants[f"{name}_scale"]


def _bias_after(node: NodeProto, users: Mapping[str, NodeProto], constants: Mapping[str, Array]) -> str:
    """Return the name of the bias that is added to a product, or nothing."""
    for _ in range(_STEPS_TO_A_BIAS):
        if node.output[0] not in users:
            break
        node = users[node.output[0]]
        if node.op_type == "Add":
            return next((each for each in node.input if each in constants and each.endswith(".bias")), "")
    return ""


def _layers(weights: Mapping[str, Array]) -> int:
    return sum(name.endswith("attention.self.query.bias") for name in weights)


def _config(weights: Mapping[str, Array], heads: int) -> dict[str, object]:
    rows = {table: len(weights[f"embeddings.{table}_embeddings.weight"]) for table in _TABLES}
    return {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": weights["embeddings.LayerNorm.weight"].size,
        "intermediate_size": weights["encoder.layer.0.intermediate.dense.bias"].size,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": rows["position"],
        "num_attention_heads": heads,
        "num_hidden_layers": _layers(weights),
        "type_vocab_size": rows["token_type"],
        "vocab_size": rows["word"],
    }


if __name__ == "__main__":
    main()
