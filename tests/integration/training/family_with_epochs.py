"""The `vigie` command with one family more: it learns in epochs, keeps each, and is slow on purpose."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from sentiment_training import families
from sentiment_training.cli import main
from sentiment_training.families import Examples, FittedModel, Work
from sentiment_training.families.logreg import LogregFamily

EPOCHS = 8


class FamilyWithEpochs(LogregFamily):
    name = "epochs"

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> FittedModel:
        assert work.checkpoints is not None
        kept = work.checkpoints / "epoch"
        first = int(kept.read_text()) if kept.exists() else 0
        with work.progress.step("epochs", EPOCHS) as advance:
            for epoch in range(first, EPOCHS):
                time.sleep(float(os.environ.get("EPOCH_S", "0.2")))
                work.report("validation.loss", 1 / (epoch + 1), epoch)
                kept.write_text(str(epoch + 1))
                print(f"epoch {epoch}", flush=True)
                advance()
        wait_for = os.environ.get("WAIT_FOR")
        while wait_for and not Path(wait_for).exists():
            time.sleep(0.05)
        return super().fit(train, validation, options, work)


if __name__ == "__main__":
    families.FAMILIES = {**families.FAMILIES, "epochs": FamilyWithEpochs()}  # type: ignore[misc]  # a test's
    main()
