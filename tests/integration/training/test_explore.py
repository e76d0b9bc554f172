"""`vigie explore --log` against a real MLflow server: the report becomes the artifact of a run."""

import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

with warnings.catch_warnings():
    # MLflow warns about its own type hints, once, when it is imported.
    warnings.simplefilter("ignore")
    from mlflow import MlflowClient

pytestmark = pytest.mark.slow
Vigie = Callable[..., "subprocess.CompletedProcess[str]"]
File = Callable[..., str]


def test_the_report_is_an_artifact_of_a_run(
    vigie: Vigie, tweets_file: File, mlflow_uri: str, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    answer = vigie(
        *("explore", tweets_file("looked-at.csv"), "--out", str(out), "--rows", "200"),
        *("--log", "--experiment", "looks"),
    )
    assert answer.returncode == 0, answer.stderr

    client = MlflowClient(mlflow_uri, mlflow_uri)
    experiment = client.get_experiment_by_name("looks")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["data"] == "looked-at"
    assert run.data.metrics["texts.positive"] + run.data.metrics["texts.negative"] > 500
    kept = Path(client.download_artifacts(run.info.run_id, "exploration/report.html", str(tmp_path)))
    assert kept.read_bytes() == out.read_bytes()
    assert f"/runs/{run.info.run_id}" in answer.stdout.replace("\n", "")


def test_a_server_that_is_away_is_said_before_any_long_work(
    vigie: Vigie, tweets_file: File, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    answer = vigie(
        *("explore", tweets_file("looked-at.csv"), "--out", str(out), "--log"),
        *("--mlflow-uri", "http://127.0.0.1:9"),
    )
    assert answer.returncode != 0
    assert answer.stderr.startswith("vigie: ")
    assert not out.exists()
