"""MLflow's proxied artifacts on each S3 server, the client without any S3 key."""

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.artifacts import download_artifacts
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from servers import BIN, answers, free_port, running, wait_until

from .conftest import S3Server

pytestmark = pytest.mark.slow

_STARTS_WITHIN_S = 180
_BIG = 120 * 2**20


@pytest.fixture(scope="module")
def tracking(
    s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[MlflowClient, S3Server]]:
    folder = tmp_path_factory.mktemp(f"mlflow-{s3.name}")
    port = free_port()
    command = [
        str(BIN / "mlflow"), "server", "--host=127.0.0.1", f"--port={port}", "--workers=1",
        "--serve-artifacts", f"--backend-store-uri=sqlite:///{folder}/mlflow.db",
        f"--artifacts-destination=s3://{s3.bucket}",
    ]  # fmt: skip
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    uri = f"http://127.0.0.1:{port}"
    with running(command, folder / "log", quiet | s3.environment) as process:
        wait_until(
            lambda: process.poll() is not None or answers(f"{uri}/health"),
            _STARTS_WITHIN_S,
            f"MLflow starts; see {folder}/log",
        )
        assert process.poll() is None, (folder / "log").read_text()
        yield MlflowClient(uri), s3


def test_artifacts_are_sent_listed_fetched_and_deleted_and_lie_in_the_bucket(
    tracking: tuple[MlflowClient, S3Server], tmp_path: Path
) -> None:
    client, s3 = tracking
    run = client.create_run(client.create_experiment(f"small-{secrets.token_hex(4)}"))
    (tmp_path / "bündel").mkdir()
    (tmp_path / "bündel" / "bundle.json").write_text("{}")
    (tmp_path / "bündel" / "with space.txt").write_text("✈")

    client.log_artifacts(run.info.run_id, str(tmp_path / "bündel"), "bundle/ü")

    listed = {(item.path, item.file_size) for item in client.list_artifacts(run.info.run_id, "bundle/ü")}
    assert listed == {("bundle/ü/bundle.json", 2), ("bundle/ü/with space.txt", 3)}
    fetched = Path(client.download_artifacts(run.info.run_id, "bundle/ü", str(tmp_path)))
    assert (fetched / "with space.txt").read_text() == "✈"
    root = f"{run.info.experiment_id}/{run.info.run_id}/artifacts/bundle/ü/"
    found = s3.client().list_objects_v2(Bucket=s3.bucket, Prefix=root)["Contents"]
    assert [f"{root}bundle.json", f"{root}with space.txt"] == [item["Key"] for item in found]

    get_artifact_repository(run.info.artifact_uri, client.tracking_uri).delete_artifacts()

    assert client.list_artifacts(run.info.run_id) == []
    assert s3.client().list_objects_v2(Bucket=s3.bucket, Prefix=root)["KeyCount"] == 0


def test_a_model_of_120_megabytes_comes_back_to_the_byte(
    tracking: tuple[MlflowClient, S3Server], tmp_path: Path
) -> None:
    client, _ = tracking
    run = client.create_run(client.create_experiment(f"big-{secrets.token_hex(4)}"))
    sent = tmp_path / "model.onnx"
    block = secrets.token_bytes(2**20)
    with sent.open("wb") as file:
        for number in range(_BIG // 2**20):
            file.write(number.to_bytes(4, "big") + block[4:])

    client.log_artifact(run.info.run_id, str(sent))
    uri = f"runs:/{run.info.run_id}/model.onnx"
    got = Path(download_artifacts(uri, dst_path=str(tmp_path / "got"), tracking_uri=client.tracking_uri))

    assert _BIG == got.stat().st_size
    assert _sha256(sent) == _sha256(got)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
