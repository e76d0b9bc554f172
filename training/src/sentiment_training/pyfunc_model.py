"""A version as MLflow's own tools run it; this file travels with the version, together with `sentiment`."""

from pathlib import Path

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from sentiment import Bundle, ForeignText


class TweetSentiment(PythonModel):
    """Column `text` in; columns `label` and `probability` (of *positive*) out.

    Both are None for a text that is surely in a language that the version does not know.
    """

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
        answers = self._bundle.read(model_input["text"].tolist())
        known = [None if isinstance(answer, ForeignText) else answer for answer in answers]
        scored = pd.DataFrame(
            {
                "label": [answer.label if answer else None for answer in known],
                "probability": [float(answer.probability) if answer else None for answer in known],
            },
            index=model_input.index,
        )
        # A NaN, which pandas makes of None, would be no JSON in `mlflow models serve`.
        return scored.astype(object).where(scored.notna(), None) if None in known else scored


set_model(TweetSentiment())
