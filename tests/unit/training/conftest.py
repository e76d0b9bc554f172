"""Small data sets and files, made up: no tweet of anybody's is in the repository."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sentiment_training.datasets import Counts, Dataset
from sentiment_training.quiet import quiet_mlflow

quiet_mlflow()
with warnings.catch_warnings():
    # MLflow warns about its own type hints, once, when it is imported.
    warnings.simplefilter("ignore")
    import mlflow.pyfunc  # noqa: F401

GOOD = ("lovely crew", "thank you", "great flight", "early and friendly", "best seats")
BAD = ("lost my bag", "late again", "rude staff", "worst food", "cancelled without a word")


def a_dataset(
    texts: Sequence[str], labels: Sequence[bool], name: str = "made-up", **known: np.ndarray
) -> Dataset:
    return Dataset(
        name=name,
        texts=pa.array(texts, pa.large_string()),
        labels=np.array(labels, dtype=np.bool_),
        counts=Counts(read=len(texts), kept=len(texts)),
        **known,
    )


def made_up_tweets(n: int, seed: int = 0) -> tuple[list[str], list[bool]]:
    """Texts from which sentiment can be learned, all different."""
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.5
    texts = [
        f"{rng.choice(GOOD if label else BAD)} {rng.choice(GOOD if label else BAD)} flight number {i}"
        for i, label in enumerate(labels)
    ]
    return texts, labels.tolist()


@pytest.fixture
def dataset() -> Callable[..., Dataset]:
    return a_dataset


@pytest.fixture
def tweets() -> Callable[..., tuple[list[str], list[bool]]]:
    return made_up_tweets


@pytest.fixture
def a_file(tmp_path: Path) -> Callable[..., str]:
    """Write a CSV or parquet file, by its suffix, and give its path."""

    def write(name: str, columns: dict[str, Sequence[object]]) -> str:
        path = tmp_path / name
        frame = pd.DataFrame(columns)
        if path.suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False)
        return str(path)

    return write
