"""From data to a served version, against a real MLflow server."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

with warnings.catch_warnings():
    # MLflow warns about its own type hints, once, when it is imported.
    warnings.simplefilter("ignore")
    import mlflow.pyfunc
    from mlflow import MlflowClient

from sentiment import Bundle

pytestmark = pytest.mark.slow
SMALL = ("-o", "bucket_bits=10")
Vigie = Callable[..., "subprocess.CompletedProcess[str]"]
File = Callable[..., str]


@pytest.fixture(autouse=True)
def this_server(mlflow_uri: str) -> None:
    """Name the server that `models:/…` means: other tests of the process may have named theirs."""
    mlflow.set_tracking_uri(mlflow_uri)
    mlflow.set_registry_uri(mlflow_uri)


@pytest.fixture(scope="session")
def client(mlflow_uri: str) -> MlflowClient:
    return MlflowClient(mlflow_uri, mlflow_uri)


@pytest.fixture(scope="session")
def trained(vigie: Vigie, tweets_file: File) -> str:
    """Train a first version; gives the model's name."""
    answer = vigie(
        *("train", tweets_file("train.csv"), "--eval", f"exam={tweets_file('exam.csv', 120, 1)}"),
        *("--name", "spine", "--promote", *SMALL),
    )
    assert answer.returncode == 0, answer.stderr
    return "spine"


def get(uri: str, call: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{uri}/api/2.0/mlflow/{call}", timeout=30) as answer:  # noqa: S310 - ours
        content: dict[str, object] = json.load(answer)
        return content


def test_the_run_holds_what_the_version_was_made_of(client: MlflowClient, trained: str) -> None:
    version = client.get_model_version(trained, "1")
    run = client.get_run(version.run_id)
    metrics, params, tags = run.data.metrics, run.data.params, run.data.tags

    assert run.info.status == "FINISHED"
    for name in ("heldout", "exam"):
        for figure in (
            "accuracy",
            "precision",
            "recall",
            "f1",
            "roc_auc",
            "average_precision",
            "ece",
            "log_loss",
        ):
            value = metrics[f"{name}.{figure}"]
            assert metrics[f"{name}.{figure}_low"] <= value <= metrics[f"{name}.{figure}_high"]
        drawn = {Path(each.path).name for each in client.list_artifacts(version.run_id, f"figures/{name}")}
        assert drawn == {"confusion.png", "roc.png", "precision_recall.png", "reliability.png"}
    assert metrics["exam.n"] == 120
    assert metrics["heldout.accuracy"] > 0.9
    assert metrics["parity.largest_difference"] <= 1e-5
    assert metrics["seconds.fit"] > 0
    assert metrics["peak_memory_mib"] > 50
    assert params["split"] == "train: text"
    assert params["rows.train.kept"] == "800"
    assert len(params["fingerprint"]) == 64
    assert {each.dataset.name for each in run.inputs.dataset_inputs} == {"train", "heldout", "exam"}
    assert params["fingerprint"].startswith(
        next(each.dataset.digest for each in run.inputs.dataset_inputs if each.dataset.name == "train")
    )
    assert len(tags["mlflow.source.git.commit"]) == 40
    assert tags["git.dirty"] in {"true", "false"}
    assert tags["package.scikit-learn"]


def test_the_bundle_lies_where_the_contract_says_and_is_the_tagged_one(
    client: MlflowClient, mlflow_uri: str, trained: str, tmp_path: Path
) -> None:
    uri = get(mlflow_uri, f"model-versions/get-download-uri?name={trained}&version=1")["artifact_uri"]
    folder = mlflow.artifacts.download_artifacts(
        artifact_uri=f"{uri}/artifacts/bundle", dst_path=str(tmp_path), tracking_uri=mlflow_uri
    )

    bundle = Bundle.open(Path(folder))
    version = client.get_model_version(trained, "1")

    assert {each.name for each in Path(folder).iterdir()} == {"bundle.json", "model.onnx", "tokenizer.json"}
    assert version.tags["vigie.bundle_sha256"] == bundle.sha256
    assert bundle.manifest.provenance.run_id == version.run_id
    assert "| heldout |" in version.description


def test_nothing_of_this_machine_is_in_the_version(mlflow_uri: str, trained: str, tmp_path: Path) -> None:
    folder = mlflow.artifacts.download_artifacts(
        artifact_uri=f"models:/{trained}/1", dst_path=str(tmp_path), tracking_uri=mlflow_uri
    )

    names = {str(each.relative_to(folder)) for each in Path(folder).rglob("*") if each.is_file()}
    assert {"MLmodel", "pyfunc_model.py", "requirements.txt", "code/sentiment/bundle.py"} <= names
    assert not {name for name in names if name.endswith(("uv.lock", "pyproject.toml", ".pyc"))}
    home = str(Path(__file__).resolve().parents[3]).encode()
    for path in Path(folder).rglob("*"):
        if path.is_file():
            assert home not in path.read_bytes(), path.name
            if path.name == "MLmodel":
                assert b"/tmp" not in path.read_bytes()


def test_pyfunc_gives_the_bundles_answers(mlflow_uri: str, trained: str, tmp_path: Path) -> None:
    texts = ["lovely crew, thank you", "lost my bag, rude staff", ""]
    model = mlflow.pyfunc.load_model(f"models:/{trained}/Production")
    folder = mlflow.artifacts.download_artifacts(
        artifact_uri=f"models:/{trained}/1/artifacts/bundle", dst_path=str(tmp_path), tracking_uri=mlflow_uri
    )
    expected = Bundle.open(Path(folder)).predict(texts)

    answers = model.predict(pd.DataFrame({"text": texts}))

    assert answers["label"].tolist() == [each.label for each in expected]
    assert answers["probability"].tolist() == pytest.approx([each.probability for each in expected])
    assert answers["label"].tolist()[:2] == ["positive", "negative"]


def test_mlflow_models_serve_answers(mlflow_uri: str, trained: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{trained}/1"),
            *("--env-manager", "local", "--port", str(port), "--workers", "1"),
        ],
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": mlflow_uri,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    body = json.dumps({"dataframe_split": {"columns": ["text"], "data": [["rude staff"], ["great flight"]]}})
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", body.encode(), {"Content-Type": "application/json"}
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - ours
                    predictions = json.load(answer)["predictions"]
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.5)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)

    assert [each["label"] for each in predictions] == ["negative", "positive"]
    assert all(0 <= each["probability"] <= 1 for each in predictions)


def test_evaluate_prints_json_and_nothing_else(vigie: Vigie, trained: str, tweets_file: File) -> None:
    answer = vigie("evaluate", "Production", tweets_file("fresh.csv", 200, 5), "--json", "--name", trained)

    content = json.loads(answer.stdout)
    assert answer.returncode == 0
    assert (content["model"], content["version"], content["n"]) == (trained, "1", 200)
    assert content["accuracy"]["low"] <= content["accuracy"]["value"] <= content["accuracy"]["high"]


def test_evaluate_says_which_languages_get_no_answer(vigie: Vigie, trained: str, tmp_path: Path) -> None:
    rows = [
        ("the crew was wonderful and so kind to us", 1, "english"),
        ("my luggage is lost and nobody answers the phone", 0, "english"),
        ("merci beaucoup à toute l'équipe, le vol était vraiment très agréable", 1, "french"),
        ("mon bagage est perdu et personne ne répond au téléphone depuis hier", 0, "french"),
        ("der Flug war leider schon wieder vier Stunden zu spät und niemand sagt etwas", 0, "german"),
    ]
    file = tmp_path / "languages.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([("text", "label", "lang"), *rows])

    answer = vigie("evaluate", "1", str(file), "--name", trained)

    assert answer.returncode == 0, answer.stderr
    assert (
        "3 texts (2 of french, 1 of german) are in a language that version 1 does not know" in answer.stderr
    )


def test_evaluate_agrees_with_what_training_measured(
    client: MlflowClient, vigie: Vigie, trained: str, tweets_file: File
) -> None:
    answer = vigie("evaluate", "1", tweets_file("exam.csv", 120, 1), "--json", "--name", trained)

    metrics = client.get_run(client.get_model_version(trained, "1").run_id).data.metrics
    assert json.loads(answer.stdout)["roc_auc"]["value"] == pytest.approx(metrics["exam.roc_auc"])


def test_a_promotion_moves_stage_and_alias_together_and_archives_the_other(
    client: MlflowClient, vigie: Vigie, tweets_file: File
) -> None:
    def standing() -> tuple[list[str], dict[str, str]]:
        versions = sorted(client.search_model_versions("name = 'twice'"), key=lambda each: int(each.version))
        aliases = client.get_registered_model("twice").aliases
        return [each.current_stage for each in versions], {key: str(each) for key, each in aliases.items()}

    for _ in range(2):
        assert vigie("train", tweets_file("train.csv"), "--name", "twice", *SMALL).returncode == 0
    assert standing() == (["None", "None"], {})

    vigie("promote", "1", "--name", "twice")
    assert standing() == (["Production", "None"], {"production": "1"})
    vigie("promote", "2", "--name", "twice")
    assert standing() == (["Archived", "Production"], {"production": "2"})
    told = vigie("promote", "1", "--keep-others", "--name", "twice")
    assert standing() == (["Production", "Production"], {"production": "2"})
    assert "version 2 is newer" in told.stderr
    vigie("promote", "2", "--stage", "staging", "--name", "twice")
    assert standing() == (["Production", "Staging"], {"production": "1"})
    vigie("promote", "production", "--stage", "None", "--name", "twice")
    assert standing() == (["None", "Staging"], {})

    unknown = vigie("promote", "9", "--name", "twice")
    assert unknown.returncode == 2
    assert unknown.stderr == "vigie: twice has no version, stage or alias '9'; there are 2 (Staging), 1\n"
    assert "Staging" in vigie("versions", "--name", "twice").stdout


def test_a_bad_file_leaves_no_run_and_no_version(client: MlflowClient, vigie: Vigie, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\na,0\nb,0\n")

    answer = vigie("train", str(bad), "--name", "bad", "--experiment", "bad")

    assert (answer.returncode, answer.stdout) == (2, "")
    assert "all 2 rows are negative" in answer.stderr
    assert client.get_experiment_by_name("bad") is None
    assert not client.search_model_versions("name = 'bad'")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_marked_killed_and_nothing_is_registered(
    client: MlflowClient, mlflow_uri: str, tweets_file: File, number: signal.Signals
) -> None:
    name = f"killed-{number.name}"
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("vigie")), "train", tweets_file("many.csv", 60_000, 9)),
            *("--name", name, "--experiment", name, "--mlflow-uri", mlflow_uri),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("vocabulary"):
            break
    process.send_signal(number)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert said.splitlines()[-1] == "vigie: interrupted; nothing was registered"
    assert "Traceback" not in said
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.status == "KILLED"
    assert not client.search_model_versions(f"name = '{name}'")
