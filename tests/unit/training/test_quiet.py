import os
import subprocess
import sys
from pathlib import Path

from deep_extra import require_networks

LOADED = "from sentiment_training.quiet import quiet_tensorflow; quiet_tensorflow(); import tensorflow"

# What TensorFlow 2.21 writes while it is loaded, with a word of somebody else's between.
LOADING = r"""
import os
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n")
os.write(2, b"trial 3: accuracy 0.9000")
os.write(2, b"I0000 00:00:1795711641.468656    8344 port.cc:153] oneDNN custom operations are on.\n")
os.write(2, b"MLflow does not answer\n")
"""


def run(code: str, *, before: Path | None = None) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join([*([str(before)] if before else []), *sys.path])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_tensorflow_is_loaded_without_a_word() -> None:
    require_networks()
    assert run(LOADED).stderr == ""


def test_what_others_write_meanwhile_is_kept(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text(LOADING)
    ended = run(LOADED, before=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "trial 3: accuracy 0.9000MLflow does not answer\n")


def test_a_tensorflow_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text(LOADING + "raise ImportError('no AVX here')")
    ended = run(LOADED, before=tmp_path)
    assert ended.returncode == 1
    assert "MLflow does not answer" in ended.stderr
    assert ended.stderr.endswith("ImportError: no AVX here\n")


def test_without_it_nothing_happens() -> None:
    hidden = "import importlib.util as found; found.find_spec = lambda name: None; "
    looked = LOADED.replace("import tensorflow", "import sys; print('tensorflow' in sys.modules)")
    ended = run(hidden + looked)
    assert (ended.stdout, ended.stderr) == ("False\n", "")


def test_a_persons_own_level_stays(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("")
    level = "os.environ['TF_CPP_MIN_LOG_LEVEL']"
    assert run(f"import os; {level} = '0'; {LOADED}; print({level})", before=tmp_path).stdout == "0\n"
