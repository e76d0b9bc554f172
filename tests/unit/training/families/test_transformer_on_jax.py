"""A transformer trains where Keras computes on JAX, as on a GPU, and leaves a bundle that answers alike."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_folders import a_hub_folder

# Keras chooses what it computes on when it is imported: in a process of its own.
_TRAINING = """
import json, sys
from pathlib import Path
import keras
import numpy as np
from sentiment import Provenance
from sentiment_training.families import FAMILIES, Examples, Work

folder = Path(sys.argv[1])
good, bad = ("the crew was great", "thanks good"), ("the crew was awful", "never again", "not good")
texts = [*good * 12, *bad * 7]
examples = Examples.of(texts, np.array([text in good for text in texts]))
given = {"weights": str(folder / "weights"), "batch": "16", "epochs": "12", "learning_rate": "0.003",
         "max_length": "16", "export": "float32", "precision": sys.argv[2]}
family = FAMILIES["transformer"]
family.check(given)
model = family.fit(examples, examples, given, Work(checkpoints=folder / "kept"))
again = family.fit(examples, examples, given, Work(checkpoints=folder / "kept"))
bundle = model.export(folder / "bundle", ["the crew was great"], Provenance())
told = model.probabilities(texts)
print(json.dumps({
    "backend": keras.config.backend(),
    "right": float(((told >= 0.5) == examples.labels).mean()),
    "from_bundle": float(np.abs(told - bundle.probabilities(texts)).max()),
    "from_checkpoint": float(np.abs(told - again.probabilities(texts)).max()),
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "precision"), [("bert", "float32"), ("bert", "mixed_bfloat16"), ("mpnet", "mixed_bfloat16")]
)
def test_it_learns_and_its_bundle_agrees(kind: str, precision: str, tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="comes with the extra jax")
    pytest.importorskip("keras_hub", reason="comes with the extra deep")
    a_hub_folder(tmp_path / "weights", kind, layers=1)
    ran = subprocess.run(
        [sys.executable, "-c", _TRAINING, tmp_path, precision],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["backend"] == "jax"
    assert found["right"] > 0.9
    assert found["from_bundle"] < 1e-4
    assert found["from_checkpoint"] < 1e-6
