"""Long work that is killed, or that MLflow leaves alone for a while, against a real MLflow server."""

import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from servers import wait_until

from sentiment_training.quiet import quiet_mlflow

quiet_mlflow()
from mlflow import MlflowClient  # noqa: E402 - quiet first
from mlflow.entities import Run  # noqa: E402

with warnings.catch_warnings():
    # MLflow warns of the type hints that its own models have.
    warnings.simplefilter("ignore")
    from sentiment_training.registry import Registry
    from sentiment_training.runs import TrainingRun
    from sentiment_training.tracking import connect

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("family_with_epochs.py")
SMALL = ("-o", "bucket_bits=10")
Training = Callable[..., "subprocess.Popen[str]"]


class Gate:
    """A TCP proxy before MLflow that can be shut: then nobody answers at its port."""

    def __init__(self, uri: str) -> None:
        host, _, self._path = uri.removeprefix("http://").partition("/")
        name, _, port = host.partition(":")
        self._upstream = (name, int(port))
        self._server: socketserver.ThreadingTCPServer | None = None
        self._connections: list[socket.socket] = []
        self._port = 0
        self.open()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}/{self._path}"

    def open(self) -> None:
        upstream, connections = self._upstream, self._connections

        class Forward(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection(upstream) as other:
                    connections.extend((self.request, other))

                    def back() -> None:
                        with suppress(OSError):
                            while piece := other.recv(65536):
                                self.request.sendall(piece)
                            self.request.shutdown(socket.SHUT_WR)

                    thread = threading.Thread(target=back, daemon=True)
                    thread.start()
                    with suppress(OSError):
                        while piece := self.request.recv(65536):
                            other.sendall(piece)
                        other.shutdown(socket.SHUT_WR)
                    thread.join()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self._port), Forward)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def shut(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        # Those that are kept alive would go on as if nothing had happened.
        while self._connections:
            with suppress(OSError):
                self._connections.pop().shutdown(socket.SHUT_RDWR)


@pytest.fixture
def gate(mlflow_uri: str) -> Iterator[Gate]:
    gate = Gate(mlflow_uri)
    yield gate
    gate.shut()


@pytest.fixture
def client(mlflow_uri: str) -> MlflowClient:
    return MlflowClient(mlflow_uri, mlflow_uri)


@contextmanager
def started(
    uri: str, name: str, cache: Path, *arguments: str, family: str = "epochs", **environment: str
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [
            *(sys.executable, str(PROGRAM), "train", *arguments, "--family", family, *SMALL),
            *("--name", name, "--experiment", name, "--mlflow-uri", uri, "--cache-folder", str(cache)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until_line(process: "subprocess.Popen[str]", start: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(start):
            return
    pytest.fail(f"never said {start!r}")


def only_run(client: MlflowClient, experiment: str) -> Run:
    [run] = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return run


def guards_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [each for each in children if any(part.endswith("guard_process.py") for part in each.cmdline())]


def test_a_run_whose_process_is_killed_outright_is_marked_killed_and_its_guard_goes(
    mlflow_uri: str, client: MlflowClient, tweets_file: Callable[..., str], tmp_path: Path
) -> None:
    with started(mlflow_uri, "sigkill", tmp_path, tweets_file("few.csv", 300)) as process:
        until_line(process, "epoch 2")
        [guard] = guards_of(process)
        assert guard.memory_info().rss < 20 * 2**20
        process.kill()
        process.wait(10)

    wait_until(lambda: only_run(client, "sigkill").info.status == "KILLED", 20, "KILLED")
    run = only_run(client, "sigkill")
    assert "killed from outside" in run.data.tags["vigie.failure"]
    assert run.info.end_time is not None
    assert not client.search_model_versions("name = 'sigkill'")
    wait_until(lambda: not guard.is_running(), 10, "the guard ends")


def test_the_same_command_goes_on_from_the_last_epoch_and_then_forgets_it(
    mlflow_uri: str, tweets_file: Callable[..., str], tmp_path: Path
) -> None:
    data = tweets_file("few.csv", 300)
    with started(mlflow_uri, "resumed", tmp_path, data) as process:
        until_line(process, "epoch 2")
        process.kill()
        process.wait(10)
    with started(mlflow_uri, "resumed", tmp_path, data, "--seed", "1") as other:
        said, told = other.communicate(timeout=120)
        assert "epoch 0" in said, "another seed is another training"
    with started(mlflow_uri, "resumed", tmp_path, data) as process:
        said, told = process.communicate(timeout=120)

    assert process.returncode == 0, told
    assert "goes on from the checkpoint" in told
    assert "epoch 2" not in said
    assert "epoch 7" in said
    assert not [each for each in (tmp_path / "checkpoints").iterdir() if each.is_dir()]
    assert not list((tmp_path / "results").iterdir())


def test_fresh_starts_over(mlflow_uri: str, tweets_file: Callable[..., str], tmp_path: Path) -> None:
    data = tweets_file("few.csv", 300)
    with started(mlflow_uri, "fresh", tmp_path, data) as process:
        until_line(process, "epoch 2")
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "the same command goes on from its last epoch" in told
    with started(mlflow_uri, "fresh", tmp_path, data, "--fresh") as process:
        said, told = process.communicate(timeout=120)

    assert process.returncode == 0, told
    assert "epoch 0" in said


def test_mlflow_may_be_gone_for_a_while_and_hears_of_every_epoch_later(
    gate: Gate, client: MlflowClient, tweets_file: Callable[..., str], tmp_path: Path
) -> None:
    done = tmp_path / "go on"
    data = tweets_file("few.csv", 300)
    with started(gate.uri, "away", tmp_path, data, WAIT_FOR=str(done)) as process:
        until_line(process, "epoch 1")
        gate.shut()
        until_line(process, "epoch 7")
        done.touch()
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("waiting for MLflow"):
                break
        gate.open()
        _, told = process.communicate(timeout=120)

    assert process.returncode == 0, told
    assert 1 == told.count("MLflow answers again")
    run = only_run(client, "away")
    assert run.info.status == "FINISHED"
    history = client.get_metric_history(run.info.run_id, "validation.loss")
    assert list(range(8)) == sorted(each.step for each in history)
    [version] = client.search_model_versions("name = 'away'")
    assert version.run_id == run.info.run_id


def test_a_run_waits_for_mlflow_at_its_start_too(gate: Gate, client: MlflowClient) -> None:
    # Regression: a search ended where MLflow was gone for seconds between two trials.
    registry = Registry(connect(gate.uri), gate.uri, "patient")
    gate.shut()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("waiting for MLflow"):
            gate.open()

    with TrainingRun.started(registry, "patient", "a run", say):
        pass
    assert said[-1] == "MLflow answers again"
    assert only_run(client, "patient").info.status == "FINISHED"


def test_what_was_trained_is_kept_where_mlflow_does_not_come_back_and_is_registered_later(
    gate: Gate, mlflow_uri: str, client: MlflowClient, tweets_file: Callable[..., str], tmp_path: Path
) -> None:
    data = tweets_file("few.csv", 300)
    with started(gate.uri, "later", tmp_path, data, VIGIE_MLFLOW_PATIENCE_S="4") as process:
        until_line(process, "epoch 7")
        gate.shut()
        _, told = process.communicate(timeout=120)

    assert process.returncode == 2
    last = told.splitlines()[-1]
    assert last.startswith("vigie: MLflow does not answer")
    folder = Path(last.rpartition("vigie register ")[2])
    assert {"bundle", "figures", "result.json"} == {each.name for each in folder.iterdir()}
    assert not client.search_model_versions("name = 'later'")

    gate.open()
    # The guard tells MLflow how the run ended, now that it answers.
    wait_until(lambda: only_run(client, "later").info.status == "FAILED", 20, "FAILED")
    answer = subprocess.run(
        [str(Path(sys.executable).with_name("vigie")), "register", str(folder), "--mlflow-uri", mlflow_uri],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    assert "registered version 1 of later" in answer.stdout
    run = only_run(client, "later")
    assert run.info.status == "FINISHED"
    assert "vigie.failure" not in run.data.tags
    assert run.data.metrics["heldout.accuracy"] > 0.8
    assert [run.info.run_id] == [each.run_id for each in client.search_model_versions("name = 'later'")]
    assert not folder.exists()


def test_what_a_grid_found_is_kept_where_mlflow_does_not_come_back(
    gate: Gate, client: MlflowClient, mlflow_uri: str, tweets_file: Callable[..., str], tmp_path: Path
) -> None:
    vigie = str(Path(sys.executable).with_name("vigie"))
    with subprocess.Popen(
        [
            *(vigie, "grid", tweets_file("few.csv", 300), "--folds", "2", "--name", "compared"),
            *("--experiment", "compared", "--mlflow-uri", gate.uri, "--cache-folder", str(tmp_path)),
            *("--mlflow-patience", "4", "--register"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        told = ""
        for line in process.stderr:
            told += line
            if line.startswith("refit "):
                gate.shut()
    assert process.returncode == 2, told
    last = told.splitlines()[-1]
    assert last.startswith("vigie: MLflow does not answer")
    folder = last.rpartition("vigie register ")[2]

    gate.open()
    answer = subprocess.run(
        [vigie, "register", folder, "--mlflow-uri", mlflow_uri], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    [version] = client.search_model_versions("name = 'compared'")
    assert client.get_run(version.run_id).data.metrics["heldout.accuracy"] > 0.8
