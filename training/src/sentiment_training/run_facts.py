"""What a run is told about itself when it begins: who, with which code, on which data."""

import getpass
import json
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Dataset as MlflowDataset
from mlflow.entities import DatasetInput, InputTag

from sentiment_training.datasets import Dataset, fingerprint
from sentiment_training.errors import TrackingError
from sentiment_training.provenance import git_state, package_versions

_DIGEST_LENGTH = 32


def run_tags(command: str) -> dict[str, str]:
    """Who, with which code and which packages."""
    tags = {"mlflow.source.name": command, "mlflow.source.type": "LOCAL", "mlflow.user": _user()}
    if git := git_state(Path(__file__).parent):
        tags |= {"mlflow.source.git.commit": git.commit, "git.dirty": str(git.dirty).lower()}
    return tags | {f"package.{name}": number for name, number in package_versions().items()}


def find_experiment(client: MlflowClient, name: str) -> str:
    """Give the experiment's id; make it if it is absent."""
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name))
    if found.lifecycle_stage != "active":
        raise TrackingError(
            f"the experiment {name} is deleted in MLflow; restore it there or give --experiment"
        )
    return str(found.experiment_id)


def evaluated_input(name: str, dataset: Dataset, context: str) -> DatasetInput:
    """Say of what a model is measured on: name, content, size."""
    return dataset_input(name, len(dataset), dataset.positives, fingerprint([dataset]), context)


def dataset_input(name: str, rows: int, positives: int, content: str, context: str) -> DatasetInput:
    """Say of rows: name, content, size; never a path or a text."""
    return DatasetInput(
        MlflowDataset(
            name=name,
            digest=content[:_DIGEST_LENGTH],
            source_type="vigie",
            source=json.dumps({"name": name}),
            profile=json.dumps({"rows": rows, "positive": positives, "sha256": content}),
        ),
        tags=[InputTag("mlflow.data.context", context)],
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:  # a container's user without a name
        return "unknown"
