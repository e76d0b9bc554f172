"""Train, register and promote a small first model, unless somebody has ever promoted one.

Ever is what the registry remembers: a stage or an alias on a version, or the mark that this program leaves
on the model. Archiving the first version or taking its stage away is a decision, and is not undone.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from mlflow import MlflowClient

from sentiment_training.registry import Registry
from sentiment_training.tracking import connect

_RECIPE: Final = Path(__file__).parent / "recipes/first.toml"
_MARK: Final = "vigie.first_model"


def main() -> int:
    """Look, and train if there is need; 0 if a person's choice stands or a first model serves."""
    name, rule = os.environ["VIGIE_MODEL_NAME"], os.environ["VIGIE_PRODUCTION"]
    uri = os.environ["VIGIE_MLFLOW_URI"]
    client = connect(uri)
    registry = Registry(client, uri, name)
    if reason := promoted_before(registry, client):
        print(f"first_model_skipped reason={reason!r}")
        return 0
    trained = subprocess.run(["vigie", "train", "--recipe", str(_RECIPE), "--promote"], check=False)
    if trained.returncode != 0:
        return trained.returncode
    version = registry.resolve("Production").number
    kind, _, alias = rule.partition(":")
    if kind == "alias":
        client.set_registered_model_alias(name, alias, str(version))
    client.set_registered_model_tag(name, _MARK, str(version))
    print(f"first_model_promoted version={version}")
    return 0


def promoted_before(registry: Registry, client: MlflowClient) -> str:
    """Say what shows that somebody has promoted a version; nothing where none ever was."""
    versions = registry.versions()
    for version in versions:
        if version.stage != "None":
            return f"version {version.number} is in stage {version.stage}"
        if version.aliases:
            return f"version {version.number} has the alias {version.aliases[0]}"
    if versions and _MARK in client.get_registered_model(registry.name).tags:
        return "a first model was trained before"
    return ""


if __name__ == "__main__":
    sys.exit(main())
