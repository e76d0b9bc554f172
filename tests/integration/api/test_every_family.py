"""A version of every family answers in the API, and one is swapped for another under load."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hub_folders import WORDS, a_hub_folder
from servers import BIN, wait_until

from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES

from .conftest import Api, Model
from .test_swap import a_stream

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SMALL = {
    "nb": {"min_count": "1"},
    "logreg": {"min_count": "1", "c": "8"},
    "svm": {"min_count": "1"},
    "forest": {"trees": "10", "min_count": "1", "best": "50"},
    "bilstm": {"units": "8", "embedding_dim": "8", "epochs": "3", "batch": "64"},
    "gru": {"units": "8", "embedding_dim": "8", "epochs": "3", "batch": "64"},
    "textcnn": {"filters": "8", "embedding_dim": "8", "epochs": "3", "batch": "64"},
    "encoder": {"encoder": "minilm", "hidden": "0", "epochs": "2"},
    "transformer": {"epochs": "1", "batch": "32", "max_length": "32"},
}


def trainable(tmp_path: Path) -> dict[str, dict[str, str]]:
    """Options of each family that can be trained here."""
    chosen = {}
    for name, options in SMALL.items():
        given = options | (
            {"weights": str(a_hub_folder(tmp_path / "weights"))} if name == "transformer" else {}
        )
        try:
            FAMILIES[name].check(given)
        except OptionError as fault:
            if "--extra" not in str(fault):
                raise
            print(f"{name} is left out: {fault}")
        else:
            chosen[name] = given
    return chosen


def a_training_file(path: Path) -> str:
    """Sentences of words that the tiny transformer knows too."""
    rng = np.random.default_rng(0)
    labels = rng.random(400) < 0.5
    good, bad = ("great", "good", "thanks"), ("awful", "late", "bad")
    texts = [
        " ".join([*rng.choice(WORDS[:4], 3), rng.choice(good if label else bad), f"flight {number}"])
        for number, label in enumerate(labels)
    ]
    pd.DataFrame({"text": texts, "label": labels.astype(int)}).to_csv(path, index=False)
    return str(path)


def test_a_version_of_every_family_answers_and_no_request_fails_between_two(
    model: Model, mlflow_server: str, start_api: Callable[..., Api], tmp_path: Path
) -> None:
    assert set(SMALL) == set(FAMILIES)
    families = trainable(tmp_path)
    tweets = a_training_file(tmp_path / "tweets.csv")
    for name, options in families.items():
        command = [str(BIN / "vigie"), "train", tweets, "--family", name, "--name", model.name]
        command += [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        trained = subprocess.run(
            [*command, "--mlflow-uri", mlflow_server],
            env={**os.environ, "VIGIE_CACHE_FOLDER": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert trained.returncode == 0, f"{name}: {trained.stderr[-2000:]}"

    model.promote("1")
    api = start_api(VIGIE_MLFLOW_URI=mlflow_server, VIGIE_MODEL_NAME=model.name, VIGIE_POLL_INTERVAL_S="1")
    wait_until(lambda: api.model()["version"] == "1", 60, "version 1 serves")
    with a_stream(api.url) as stream:
        for number, name in enumerate(families, start=1):
            model.promote(str(number))
            wait_until(lambda: str(number) in stream.versions(), 60, f"{name} answers")  # noqa: B023 - called at once
            assert name == api.model()["family"]
            # Random weights may be sure of themselves.
            assert 0 <= api.predict("thanks the crew was great flight").json()["probability"] <= 1

    assert stream.failures == []
    assert {status for status, _, _ in stream.answers} == {200}
    assert stream.versions() == {str(number + 1) for number in range(len(families))}
