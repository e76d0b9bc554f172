"""A version as MLflow's own tools run it; this file travels with the version, together with `sentiment`."""

from pathlib import Path

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from sentiment import Bundle


class TweetSentiment(PythonModel):
    """Column `text` in; columns `label` and `probability` (of *positive*) out."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open and verify the bundle."""
        self._bundle = Bundle.open(Path(context.artifacts["bundle"]))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002 - MLflow's
        model_input: pd.DataFrame,
        params: dict[str, object] | None = None,  # noqa: ARG002 - MLflow's
    ) -> pd.DataFrame:
        """Score each row, in order."""
        answers = self._bundle.predict(model_input["text"].tolist())
        return pd.DataFrame(
            {
                "label": [answer.label for answer in answers],
                "probability": [float(answer.probability) for answer in answers],
            },
            index=model_input.index,
        )


set_model(TweetSentiment())
