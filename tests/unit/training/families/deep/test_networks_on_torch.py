"""Networks train where Keras computes on PyTorch, as on a GPU, and leave bundles that answer alike."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

# Keras chooses what it computes on when it is imported: in a process of its own.
_TRAINING = """
import json, sys
from pathlib import Path
import keras
import numpy as np
import torch
from sentiment import Provenance
from sentiment_training.families import FAMILIES, Examples, Work

torch.set_num_threads(1)  # the layers are small
folder, name = Path(sys.argv[1]), sys.argv[2]
good, bad = ("the crew was great", "not bad at all"), ("the crew was awful", "never", "not good at all")
texts = [*good * 60, *bad * 40]
examples = Examples.of(texts, np.array([text in good for text in texts]))
options = {"min_count": "1", "embedding_dim": "12", "epochs": "8", "patience": "8", "batch": "32",
           "learning_rate": "0.02", "quantise": "false", "precision": sys.argv[3],
           **({"filters": "6"} if name == "textcnn" else {"units": "6"})}

class Killed(Exception):
    pass

def killed_in_the_third(name, value, step):
    if name == "validation.loss" and step == 3:
        raise Killed

family = FAMILIES[name]
family.check(options)
whole = family.fit(examples, examples, options, Work())
try:
    family.fit(examples, examples, options, Work(checkpoints=folder / "kept", report=killed_in_the_third))
except Killed:
    resumed = family.fit(examples, examples, options, Work(checkpoints=folder / "kept"))
bundle = whole.export(folder / "bundle", ["the crew was great", ""], Provenance())
asked = [*texts, "", "zzz", "great " * 200]
told = whole.probabilities(asked)
print(json.dumps({
    "backend": keras.config.backend(),
    "on_tensorflow": "tensorflow" in sys.modules,
    "right": float(((told[:len(texts)] >= 0.5) == examples.labels).mean()),
    "from_bundle": float(np.abs(told - bundle.probabilities(asked)).max()),
    "from_resumed": float(np.abs(told - resumed.probabilities(asked)).max()),
}))
"""


@pytest.mark.skipif(None in map(find_spec, ("torch", "keras")), reason="PyTorch is no dependency of ours")
@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("family", ["bilstm", "gru", "textcnn"])
def test_it_learns_resumes_and_its_bundle_agrees(family: str, precision: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _TRAINING, tmp_path, family, precision],
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["backend"] == "torch"
    assert not found["on_tensorflow"]
    assert found["right"] > 0.9
    assert found["from_bundle"] < 1e-4
    assert found["from_resumed"] < 1e-6
