"""`vigie grid` against a real MLflow server: a run with nested runs, and a version only on request."""

import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from servers import wait_until

from sentiment import Bundle

with warnings.catch_warnings():
    # MLflow warns about its own type hints, once, when it is imported.
    warnings.simplefilter("ignore")
    import mlflow
    from mlflow import MlflowClient

pytestmark = pytest.mark.slow
Vigie = Callable[..., "subprocess.CompletedProcess[str]"]
File = Callable[..., str]


def grid(vigie: Vigie, tweets_file: File, name: str, *more: str) -> str:
    answer = vigie(
        *("grid", tweets_file("train.csv"), "--eval", f"exam={tweets_file('exam.csv', 120, 1)}"),
        *("--folds", "2", "--rows", "500", "--name", name, "--experiment", name, *more),
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_the_grid_leaves_a_run_with_a_nested_run_for_each_model_and_registers_on_request(
    vigie: Vigie, tweets_file: File, mlflow_uri: str, tmp_path: Path
) -> None:
    client = MlflowClient(mlflow_uri, mlflow_uri)

    shown = grid(vigie, tweets_file, "unregistered", "--metric", "f1")

    experiment = client.get_experiment_by_name("unregistered")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = (each for each in runs if "mlflow.parentRunId" not in each.data.tags)
    nested = [each for each in runs if each.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(nested) == 8
    assert {each.info.status for each in runs} == {"FINISHED"}
    assert all(each.data.metrics["mean.f1"] > 0.9 for each in nested)
    assert parent.data.params["rows.compared"] == "500"
    assert parent.data.metrics["heldout.accuracy"] > 0.9
    assert parent.data.metrics["exam.accuracy"] > 0.9
    assert "grid.md" in {each.path for each in client.list_artifacts(parent.info.run_id)}
    assert f"{parent.data.params['family']} {parent.data.params['features']}" in shown
    assert not client.search_registered_models("name = 'unregistered'")

    assert "registered version 1 of registered" in grid(
        vigie, tweets_file, "registered", "--register", "--language", "fr"
    )
    (version,) = client.search_model_versions("name = 'registered'")
    assert "heldout" in version.description
    # Regression: a version of the grid's said nothing of its languages, and answered for all.
    folder = mlflow.artifacts.download_artifacts(
        artifact_uri=f"{client.get_model_version_download_uri('registered', '1')}/artifacts/bundle",
        tracking_uri=mlflow_uri,
        dst_path=str(tmp_path),
    )
    assert Bundle.open(Path(folder)).manifest.languages == ("fr",)


def test_what_the_grid_cannot_do_is_one_line(vigie: Vigie, tweets_file: File) -> None:
    answer = vigie("grid", tweets_file("train.csv"), "--metric", "beauty")
    assert answer.returncode == 2
    assert answer.stderr.startswith("vigie: there is no metric 'beauty'")


def test_killed_it_leaves_no_worker_behind(mlflow_uri: str, tweets_file: File, tmp_path: Path) -> None:
    # Regression: they waited for ever for something to do.
    command = [str(Path(sys.executable).with_name("vigie")), "grid", tweets_file("large.csv", 20_000)]
    command += ["--jobs", "2", "--mlflow-uri", mlflow_uri, "--cache-folder", str(tmp_path)]
    with subprocess.Popen([*command, "--experiment", "killed"], stderr=subprocess.DEVNULL) as process:

        def workers() -> list[psutil.Process]:
            children = psutil.Process(process.pid).children(recursive=True)
            return [each for each in children if any("loky" in part for part in each.cmdline())]

        wait_until(workers, 240, "workers are there")
        begun = workers()
        time.sleep(3)  # until they have begun to work, and know whom to watch
        process.kill()
    assert psutil.wait_procs(begun, timeout=30)[1] == []
