"""A registered version scores a file: in this process, on Ray here, on a Ray cluster; alike, and in order."""

import importlib.util
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Vigie = Callable[..., "subprocess.CompletedProcess[str]"]
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs the extra ray: uv sync --all-packages --extra ray"
)
NAME = "scored"
ROWS = 30_000  # four pieces: more than two workers have before them at the start


@pytest.fixture(scope="module")
def tweets(tweets_file: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose rows can be told apart, some of them without a text."""
    table = pd.read_csv(tweets_file("to-score.csv", n=ROWS, seed=7))
    table["text"] = table["text"].where(table.index % 1_000 != 17)
    path = tmp_path_factory.mktemp("score") / "tweets.parquet"
    table.to_parquet(path)
    return path


@pytest.fixture(scope="module")
def by_this_process(vigie: Vigie, tweets_file: Callable[..., str], tweets: Path) -> pd.DataFrame:
    trained = vigie("train", "--family", "nb", "--name", NAME, tweets_file("learned.csv"))
    assert trained.returncode == 0, trained.stderr
    return scored(vigie, tweets, tweets.with_name("local.parquet"))


def scored(vigie: Vigie, tweets: Path, out: Path, *arguments: str, **environment: str) -> pd.DataFrame:
    done = vigie("score", "1", str(tweets), "--name", NAME, "--out", str(out), *arguments, **environment)
    assert done.returncode == 0, done.stderr
    assert f"{ROWS:,} rows scored by version 1" in done.stdout
    return pd.read_parquet(out)


def test_every_row_has_its_answer(by_this_process: pd.DataFrame, tweets: Path) -> None:
    given = pd.read_parquet(tweets)
    pd.testing.assert_frame_equal(by_this_process[given.columns.tolist()], given)
    answered = by_this_process.dropna(subset=["text"])
    assert len(answered) == ROWS - ROWS // 1_000
    assert ((answered["prediction"] == "positive") == (answered["probability"] >= 0.5)).all()
    assert ((answered["prediction"] == "positive") == answered["label"].astype(bool)).mean() > 0.7
    unanswered = by_this_process[by_this_process["text"].isna()]
    assert unanswered[["prediction", "probability"]].isna().all(axis=None)


@needs_ray
def test_ray_on_this_machine_answers_alike(
    vigie: Vigie, by_this_process: pd.DataFrame, tweets: Path, tmp_path: Path
) -> None:
    found = scored(vigie, tweets, tmp_path / "ray.parquet", "--engine", "ray", "--workers", "2")
    pd.testing.assert_frame_equal(found, by_this_process)


@pytest.fixture
def cluster() -> Iterator[str]:
    """Two nodes on this machine, one core each."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - an extra, and slow to import

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        nodes.add_node(num_cpus=1)
        yield nodes.address
    finally:
        nodes.shutdown()


@needs_ray
def test_a_ray_cluster_answers_alike(
    vigie: Vigie, by_this_process: pd.DataFrame, tweets: Path, tmp_path: Path, cluster: str
) -> None:
    out = tmp_path / "cluster.parquet"
    found = scored(vigie, tweets, out, "--engine", "ray", "--workers", "2", RAY_ADDRESS=cluster)
    pd.testing.assert_frame_equal(found, by_this_process)


@needs_ray
@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_said_while_ray_works_too(
    mlflow_uri: str,
    by_this_process: pd.DataFrame,
    tweets: Path,
    tmp_path: Path,
    request_to_end: signal.Signals,
) -> None:
    # Regression: Ray made an exit of its own of it, without a word.
    assert len(by_this_process) == ROWS  # the version is there
    many = tmp_path / "many.parquet"
    pd.concat([pd.read_parquet(tweets)] * 40).to_parquet(many)
    out = tmp_path / "out.parquet"
    command = [str(Path(sys.executable).with_name("vigie")), "score", "1", str(many), "--name", NAME]
    command += ["--out", str(out), "--engine", "ray", "--workers", "2", "--mlflow-uri", mlflow_uri]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as scoring:
        assert scoring.stderr is not None
        # It says how far it is: Ray has begun.
        while "%" not in (line := scoring.stderr.readline()):
            assert line, "it ended before"
        scoring.send_signal(request_to_end)
        _, said = scoring.communicate(timeout=60)

    assert (scoring.returncode, said.strip().splitlines()[-1]) == (130, "vigie: interrupted")
    assert not out.exists()


@needs_ray
def test_a_version_that_is_not_there_is_said_before_any_worker_starts(
    vigie: Vigie, by_this_process: pd.DataFrame, tweets: Path, tmp_path: Path
) -> None:
    assert len(by_this_process)  # the model is registered, with version 1 alone
    out = tmp_path / "none.parquet"
    done = vigie("score", "9", str(tweets), "--name", NAME, "--out", str(out), "--engine", "ray")
    assert done.returncode == 2
    assert "9" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()
