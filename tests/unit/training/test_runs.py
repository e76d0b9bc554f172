"""What a run is told, whatever MLflow does with it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from sentiment_training.registry import Registry
from sentiment_training.runs import TrainingRun
from sentiment_training.tracking import Outage, Patience


def test_of_a_path_its_name_alone_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Regression: where a teacher's bundle lies on the trainer's machine stood in MLflow.
    told: dict[str, str] = {}
    client = SimpleNamespace(
        log_batch=lambda _run, params: told.update({each.key: each.value for each in params})
    )
    registry: Registry = SimpleNamespace(client=client, uri="sqlite://")  # type: ignore[assignment]
    run = TrainingRun(registry, "1", "a1", Patience(Outage("sqlite://", print), 1.0), None)
    (tmp_path / "bundles" / "teacher").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    run.log_choices(
        {
            "teacher": f"{tmp_path}/bundles/teacher",
            "weights": "bundles/teacher,/not/here/second",
            "encoder": "sentence-transformers/all-MiniLM-L12-v2",
            "cleaning": "links=kept,mentions=kept",
            "embeddings": "scratch",
            "wide_expert": "",
            "split": "a: user, b: order",
            "c": 0.5,
            "long": "x" * 1_000,
        }
    )
    assert told == {
        "teacher": "teacher",
        "weights": "teacher,second",
        "encoder": "sentence-transformers/all-MiniLM-L12-v2",
        "cleaning": "links=kept,mentions=kept",
        "embeddings": "scratch",
        "wide_expert": "",
        "split": "a: user, b: order",
        "c": "0.5",
        "long": "x" * 1_000,
    }
