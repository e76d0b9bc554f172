"""Networks that learn from another model's answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from deep_extra import require_networks

from sentiment import Bundle, Provenance
from sentiment_training.errors import CheckpointError, OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work

require_networks()

from sentiment_training.families import teacher as teaching  # noqa: E402
from sentiment_training.families.deep.options import NetworkOptions  # noqa: E402

SMALL = {
    "min_count": "1",
    "embedding_dim": "12",
    "filters": "8",
    "epochs": "30",
    "patience": "30",
    "batch": "32",
    "learning_rate": "0.02",
    "dropout": "0",
    "word_dropout": "0",
}
TEXTS = [
    f"{subject} was {how}"
    for subject in ("flight", "crew", "app", "gate")
    for how in ("great", "awful", "lovely", "late")
]
GOOD = np.array(["great" in text or "lovely" in text for text in TEXTS])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher that knows which words are good."""
    fitted = FAMILIES["logreg"].fit(
        Examples.of(TEXTS * 4, np.tile(GOOD, 4)),
        Examples.of([], np.zeros(0, bool)),
        {"c": "100", "min_count": "1"},
        Work(),
    )
    folder = tmp_path_factory.mktemp("teacher") / "bundle"
    fitted.export(folder, ["the crew was great"], Provenance())
    return folder


def taught(labels: np.ndarray, options: dict[str, str], work: Work | None = None) -> FittedModel:
    learned = Examples.of(TEXTS * 8, np.tile(labels, 8))
    return FAMILIES["textcnn"].fit(learned, Examples.of(TEXTS, GOOD), SMALL | options, work or Work())


def test_a_teacher_makes_up_for_wrong_labels(bundle: Path) -> None:
    wrong = ~GOOD
    alone = taught(wrong, {"patience": "1", "epochs": "4"})
    assert ((alone.probabilities(TEXTS) >= 0.5) == wrong).all()
    with_teacher = taught(wrong, {"teacher": str(bundle), "teacher_share": "0.9"})
    assert ((with_teacher.probabilities(TEXTS) >= 0.5) == GOOD).all()
    assert with_teacher.parameters["teacher.sha256"] == Bundle.open(bundle).sha256


def test_targets_lie_between_label_and_answer(bundle: Path) -> None:
    figures: dict[str, float] = {}
    work = Work(report=lambda name, value, _step: figures.update({name: value}))
    teacher = Bundle.open(bundle)
    answers = teacher.probabilities(TEXTS)
    labels = GOOD.copy()
    labels[0] = not labels[0]
    options = NetworkOptions(teacher=str(bundle), teacher_share=0.25)
    found = teaching.targets(Examples.of(TEXTS, labels), teacher, options, work)
    assert found == pytest.approx(0.25 * answers + 0.75 * labels, abs=1e-6)
    assert figures == {"teacher.asked": 16, "teacher.agreed_share": 15 / 16}


def test_it_is_asked_about_so_many_rows_of_each_data_set(bundle: Path) -> None:
    examples = replace(
        Examples.of(TEXTS, GOOD), domains=np.array([0] * 12 + [1] * 4), names=["large", "small"]
    )
    options = NetworkOptions(teacher=str(bundle), teacher_share=1, teacher_rows=6)
    found = teaching.targets(examples, Bundle.open(bundle), options, Work())
    asked = (found > 0) & (found < 1)
    assert asked[:12].sum() == 6
    assert asked[12:].all()
    assert np.array_equal(found[~asked], GOOD[~asked])


def test_what_it_answered_outlives_a_kill_and_serves_other_trainings(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "_PIECE", 5)
    examples, teacher = Examples.of(TEXTS, GOOD), Bundle.open(bundle)
    options, work = NetworkOptions(teacher=str(bundle)), Work(pieces=tmp_path)
    asked: list[int] = []

    class Asked(Bundle):
        """Dies of its third piece."""

        def probabilities(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
            asked.append(len(texts))
            if len(asked) == 3:
                raise KeyboardInterrupt
            return super().probabilities(texts)

    mortal = Asked.open(bundle)
    asked.clear()
    with pytest.raises(KeyboardInterrupt):
        teaching.targets(examples, mortal, options, work)
    found = teaching.targets(examples, mortal, options, work)
    assert asked == [5, 5, 5, 5, 1]
    # Another network, that has another share in it, need not ask.
    teaching.targets(examples, mortal, replace(options, teacher_share=0.5), work)
    assert asked == [5, 5, 5, 5, 1]
    assert np.array_equal(found, teaching.targets(examples, teacher, options, Work()))


def test_another_teacher_at_the_same_place_is_another_training(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    options = {"teacher": str(folder), "epochs": "1"}
    bundle.rename(folder)
    try:
        taught(GOOD, options, Work(checkpoints=tmp_path / "kept"))
    finally:
        folder.rename(bundle)
    taught(GOOD, {"epochs": "1"}).export(folder, ["never again"], Provenance())
    with pytest.raises(CheckpointError, match="another training"):
        taught(GOOD, options, Work(checkpoints=tmp_path / "kept"))


def test_what_is_no_bundle_is_said_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"teacher=.*nowhere.*bundle\.json"):
        FAMILIES["bilstm"].check({"teacher": str(tmp_path / "nowhere")})
