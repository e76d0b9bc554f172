"""Two processes work at one study on a real PostgreSQL; one is killed, and the search goes on."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import wait_until

from sentiment_training.quiet import quiet_mlflow
from sentiment_training.recipe_files import read_recipe

quiet_mlflow()
from mlflow import MlflowClient  # noqa: E402 - quiet first

optuna = pytest.importorskip("optuna", reason="the extra `search` is not installed")

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("family_with_epochs.py")
TRIALS = 6


def test_workers_share_a_study_and_outlive_one_another(
    mlflow_uri: str, postgres_url: str, tweets_file: Callable[..., str], tmp_path: Path
) -> None:
    storage = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    best = tmp_path / "best.toml"

    def worker() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [
                *(sys.executable, str(PROGRAM), "search", tweets_file("few.csv", 300), "--family", "epochs"),
                *("-o", "bucket_bits=10", "--trials", str(TRIALS), "--study", "shared", "--storage", storage),
                *("--experiment", "search", "--mlflow-uri", mlflow_uri, "--cache-folder", str(tmp_path)),
                *("--write-recipe", str(best)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "EPOCH_S": "0.1"},
        )

    def wait_for_an_epoch(of: "subprocess.Popen[str]") -> None:
        assert of.stdout is not None
        assert any(line.startswith("epoch 1") for line in of.stdout)

    first = worker()
    wait_for_an_epoch(first)
    second = worker()
    first.kill()
    first.communicate(timeout=60)

    client = MlflowClient(mlflow_uri, mlflow_uri)
    study = optuna.load_study(
        study_name="shared", storage=storage.replace("postgresql://", "postgresql+psycopg2://")
    )
    parent = str(study.user_attrs["mlflow.run"])
    wait_for_an_epoch(second)
    client.set_terminated(parent, "KILLED")  # as a third worker that leaves now would have it
    client.set_tag(parent, "vigie.failure", "interrupted")
    wait_until(lambda: client.get_run(parent).info.status == "RUNNING", 60, "the others' run goes on")
    told = second.communicate(timeout=280)[1]

    assert second.returncode == 0, told
    assert "vigie.failure" not in client.get_run(parent).data.tags
    states = [each.state.name for each in study.trials]
    assert states.count("COMPLETE") + states.count("PRUNED") == TRIALS
    assert states.count("FAIL") == 1
    experiment = client.get_experiment_by_name("search").experiment_id

    def statuses() -> list[str]:
        return sorted(each.info.status for each in client.search_runs([experiment]))

    wait_until(lambda: "RUNNING" not in statuses(), 20, "no run is open")
    assert statuses() == ["FINISHED"] * (TRIALS + 1) + ["KILLED"]
    assert read_recipe(best, Path()).options["bucket_bits"] == "10"


def test_a_trial_that_diverges_does_not_end_the_search(
    mlflow_uri: str, tweets_file: Callable[..., str], tmp_path: Path
) -> None:
    told = subprocess.run(
        [
            *(sys.executable, str(PROGRAM), "search", tweets_file("few.csv", 300), "--family", "epochs"),
            *("-o", "bucket_bits=10", "--trials", "2", "--study", "diverging"),
            *("--storage", f"sqlite:///{tmp_path / 'studies.db'}"),
            *("--experiment", "diverging", "--mlflow-uri", mlflow_uri, "--cache-folder", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={**os.environ, "EPOCH_S": "0", "DIVERGE_ONCE": str(tmp_path / "diverged")},
    )
    assert told.returncode == 0, told.stderr
    study = optuna.load_study(study_name="diverging", storage=f"sqlite:///{tmp_path / 'studies.db'}")
    assert [each.state.name for each in study.trials] == ["PRUNED", "COMPLETE"]
