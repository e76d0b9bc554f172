"""What an owner calls, against the tests' stack; last of all, because it destroys and restores it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from stack import ROOT, Stack

Operate = Callable[..., subprocess.CompletedProcess[str]]
_HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _HERE in item.path.parents)


@pytest.fixture(scope="session")
def backups(stack: Stack) -> Path:
    return stack.folder / "backups"


@pytest.fixture(scope="session")
def operate(stack: Stack, backups: Path) -> Operate:
    """Call `scripts/operate` as make does."""

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        mine = {"COMPOSE_ENV_FILES": str(stack.folder / "env"), "VIGIE_BACKUPS": str(backups)}
        return subprocess.run(
            [ROOT / "scripts/operate", *arguments],
            env=stack.environment | mine | {"PATH": os.environ["PATH"]} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def archive(operate: Operate, populated: None, backups: Path) -> Path:  # noqa: ARG001 - it must have happened
    """A backup of a stack that somebody has worked with."""
    made = operate("backup")
    assert made.returncode == 0, made.stdout + made.stderr
    return max(backups.glob("vigie-*.tar"))


@pytest.fixture(scope="session")
def populated(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A run of a data scientist, one that was deleted, and reports of visitors."""
    import mlflow  # noqa: PLC0415 - heavy

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_USERNAME", "editor")
        patch.setenv("MLFLOW_TRACKING_PASSWORD", stack.secret("mlflow_editor_password"))
        client = mlflow.MlflowClient(f"{stack.address}/mlflow")
        experiment = client.create_experiment("bäckup")
        plot = tmp_path_factory.mktemp("artifacts") / "plöt ü.txt"
        for number in range(2):
            plot.write_text(f"run {number} " * 1000)
            run = client.create_run(experiment)
            client.log_metric(run.info.run_id, "f1", 0.8 + number / 100)
            client.log_artifact(run.info.run_id, str(plot), "plots")
        client.delete_run(run.info.run_id)
    for number in range(3):
        report = {
            "text": f"late again {number}", "predicted_label": "positive", "probability": 0.9,
            "model_version": "1", "expected_label": "positive" if number else "negative",
            "visitor": f"v{number}",
        }  # fmt: skip
        assert stack.ask("/api/v1/feedback", report).status == 201
