"""Who trains no network pays nothing for them."""

import subprocess
import sys


def test_naming_the_families_imports_no_deep_learning() -> None:
    code = (
        "import sys; from sentiment_training.families import FAMILIES; FAMILIES['bilstm'].option_help(); "
        "print({'tensorflow', 'keras', 'gensim'} & sys.modules.keys())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "set()" == result.stdout.strip()
