"""Wraps a bundle as an MLflow model folder, with nothing in it of the machine that made it."""

import os
from pathlib import Path

import mlflow.pyfunc
import pandas as pd
from mlflow.entities import LoggedModel
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema

import sentiment
from sentiment_training.provenance import serving_requirements

BUNDLE = "bundle"
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "text")]),
    outputs=Schema(
        [
            ColSpec(DataType.string, "label", required=False),
            ColSpec(DataType.double, "probability", required=False),
        ]
    ),
)
EXAMPLE = pd.DataFrame({"text": ["thank you for the great flight"]})


def pack(bundle: Path, folder: Path, logged_model: LoggedModel, run_id: str) -> None:
    """Write the model folder of a version.

    Parameters
    ----------
    bundle
        The bundle's folder, called ``bundle``: MLflow keeps the name, so it lies at ``artifacts/bundle``.
    folder
        Is made.
    logged_model
        The entry of the tracking server that it will be uploaded to.
    """
    model = Model(
        artifact_path=logged_model.artifact_location,
        model_uuid=logged_model.model_id,
        model_id=logged_model.model_id,
        run_id=run_id,
    )
    mlflow.pyfunc.save_model(
        path=str(folder),
        mlflow_model=model,
        python_model=str(Path(__file__).with_name("pyfunc_model.py")),
        artifacts={BUNDLE: str(bundle)},
        code_paths=[str(Path(sentiment.__file__).parent)],
        signature=SIGNATURE,
        input_example=EXAMPLE,
        pip_requirements=serving_requirements(),
    )
    # MLflow writes down where the parts lay on this machine and never reads it again, except the base name.
    flavor = model.flavors[mlflow.pyfunc.FLAVOR_NAME]
    flavor["artifacts"][BUNDLE]["uri"] = flavor["artifacts"][BUNDLE]["path"]
    flavor["model_code_path"] = os.path.basename(flavor["model_code_path"])  # noqa: PTH119 - as MLflow reads it
    model.save(str(folder / "MLmodel"))
