"""The `vigie` command with one family more: it learns in epochs, keeps each, and is slow on purpose."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from sentiment_training import families
from sentiment_training.cli import main
from sentiment_training.errors import DivergedError
from sentiment_training.families import Examples, FittedModel, Work
from sentiment_training.families.family import Trial

EPOCHS = 8
_UNDERNEATH = families.FAMILIES["logreg"]


class FamilyWithEpochs:
    name = "epochs"
    needs_validation = False
    option_help = staticmethod(_UNDERNEATH.option_help)
    check = staticmethod(_UNDERNEATH.check)

    def suggest(self, trial: Trial, fixed: Mapping[str, str], /) -> Mapping[str, str]:
        return _UNDERNEATH.suggest(trial, fixed)

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> FittedModel:
        kept = None if work.checkpoints is None else work.checkpoints / "epoch"
        first = int(kept.read_text()) if kept is not None and kept.exists() else 0
        with work.progress.step("epochs", EPOCHS) as advance:
            for epoch in range(first, EPOCHS):
                time.sleep(float(os.environ.get("EPOCH_S", "0.2")))
                if (once := os.environ.get("DIVERGE_ONCE")) and not Path(once).exists():
                    Path(once).touch()
                    raise DivergedError("its answers are no numbers")
                work.report("validation.loss", float(options.get("c", "1")) / (epoch + 1), epoch)
                if kept is not None:
                    kept.write_text(str(epoch + 1))
                print(f"epoch {epoch}", flush=True)
                advance()
        wait_for = os.environ.get("WAIT_FOR")
        while wait_for and not Path(wait_for).exists():
            time.sleep(0.05)
        return _UNDERNEATH.fit(train, validation, options, work)


if __name__ == "__main__":
    families.FAMILIES = {**families.FAMILIES, "epochs": FamilyWithEpochs()}  # type: ignore[misc]  # a test's
    main()
