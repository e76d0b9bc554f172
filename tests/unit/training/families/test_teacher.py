"""Networks that learn from another model's answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
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


def opened(teacher: Path) -> teaching.Teacher:
    found = teaching.open_teacher(str(teacher))
    assert found is not None
    return found


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
    answers = Bundle.open(bundle).probabilities(TEXTS)
    labels = GOOD.copy()
    labels[0] = not labels[0]
    options = NetworkOptions(teacher=str(bundle), teacher_share=0.25)
    found = teaching.targets(Examples.of(TEXTS, labels), opened(bundle), options, work)
    assert found == pytest.approx(0.25 * answers + 0.75 * labels, abs=1e-6)
    assert figures == {"teacher.asked": 16, "teacher.agreed_share": 15 / 16}


def test_it_is_asked_about_so_many_rows_of_each_data_set(bundle: Path) -> None:
    examples = replace(
        Examples.of(TEXTS, GOOD), domains=np.array([0] * 12 + [1] * 4), names=["large", "small"]
    )
    options = NetworkOptions(teacher=str(bundle), teacher_share=1, teacher_rows=6)
    found = teaching.targets(examples, opened(bundle), options, Work())
    asked = (found > 0) & (found < 1)
    assert asked[:12].sum() == 6
    assert asked[12:].all()
    assert np.array_equal(found[~asked], GOOD[~asked])


def test_what_it_answered_outlives_a_kill_and_serves_other_trainings(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "_PIECE", 5)
    examples = Examples.of(TEXTS, GOOD)
    options, work = NetworkOptions(teacher=str(bundle)), Work(pieces=tmp_path)
    asked: list[int] = []

    class Asked(Bundle):
        """Dies of its third piece."""

        def probabilities(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
            asked.append(len(texts))
            if len(asked) == 3:
                raise KeyboardInterrupt
            return super().probabilities(texts)

    monkeypatch.setattr(teaching, "Bundle", Asked)
    mortal = opened(bundle)
    asked.clear()
    with pytest.raises(KeyboardInterrupt):
        teaching.targets(examples, mortal, options, work)
    found = teaching.targets(examples, mortal, options, work)
    assert asked == [5, 5, 5, 5, 1]
    # Another network, that has another share in it, need not ask.
    teaching.targets(examples, mortal, replace(options, teacher_share=0.5), work)
    assert asked == [5, 5, 5, 5, 1]
    assert np.array_equal(found, teaching.targets(examples, mortal, options, Work()))


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


def test_a_file_of_answers_teaches_what_it_knows(bundle: Path, tmp_path: Path) -> None:
    known = Bundle.open(bundle).probabilities(TEXTS[:6])
    # As `vigie score` leaves it, which says nothing of a text in a language that its version does not know.
    table = pa.table(
        {
            "text": [*TEXTS[:6], TEXTS[0], TEXTS[7]],
            "probability": [*known, 0.5, None],
            "prediction": ["x"] * 7 + [None],
        }
    )
    parquet, csv = tmp_path / "answers.parquet", tmp_path / "answers.csv"
    pyarrow.parquet.write_table(table, parquet)
    pyarrow.csv.write_csv(table, csv)
    figures: dict[str, float] = {}
    work = Work(report=lambda name, value, _step: figures.update({name: value}))
    for file in (parquet, csv):
        options = NetworkOptions(teacher=str(file), teacher_share=0.25)
        found = teaching.targets(Examples.of(TEXTS, GOOD), opened(file), options, work)
        # Of a text that is there twice the first answer counts, and what is not there has its label.
        assert found[:6] == pytest.approx(0.25 * known + 0.75 * GOOD[:6], abs=1e-6)
        assert np.array_equal(GOOD[6:], found[6:])
        assert figures["teacher.asked"] == 6
    assert opened(parquet).sha256 != opened(csv).sha256


def test_answers_to_other_texts_teach_nobody(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text("text,probability\nof something else,0.3\n", encoding="utf-8")
    with pytest.raises(OptionError, match="no answer to any of the 16 texts"):
        teaching.targets(Examples.of(TEXTS, GOOD), opened(file), NetworkOptions(teacher=str(file)), Work())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("text,label\na,1\n", "no column probability; a file of answers has both"),
        ("tweet,p\na,1\n", "no column text and no column probability"),
        ("text,probability\na,0.5\nb,1.5\n", "row 2 has 1.5"),
        ("text,probability\na,nan\n", "holds no answer"),
        ("text,probability\na,\n", "holds no answer"),
        ("text,probability\na,surely\n", "cannot be read as answers"),
        ("text,probability\n", "holds no answer"),
        ('text,probability\n"a' + 1_200_000 * "longer, " + ",0.5\n", "a quote that is not closed"),
        ("", "cannot be read as answers"),
        ("PAR1 and no more", "cannot be read as answers"),
    ],
)
def test_what_is_no_file_of_answers_says_why(content: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(OptionError, match=f"teacher=.*{reason}"):
        FAMILIES["bilstm"].check({"teacher": str(file)})


def test_of_several_teachers_those_that_know_a_text_answer_it_together(bundle: Path, tmp_path: Path) -> None:
    files = [tmp_path / "one.parquet", tmp_path / "two, and more.csv"]
    pa.parquet.write_table(pa.table({"text": TEXTS[:3], "probability": [0.9, 0.9, 0.0]}), files[0])
    pa.csv.write_csv(pa.table({"text": TEXTS[1:4], "probability": [0.2, 1.0, 0.6]}), files[1])

    found = opened(f"{files[0]},{tmp_path / 'one.parquet'}").answers(TEXTS[:4], Work())
    assert found[:3] == pytest.approx([0.9, 0.9, 0.0], abs=1e-6)
    assert np.isnan(found[3])

    alone = opened(files[1])  # a comma in a name is no other teacher
    assert np.isnan(alone.answers(TEXTS[:1], Work())[0])

    files[1].rename(tmp_path / "two.csv")
    both = opened(f"{files[0]},{tmp_path / 'two.csv'}")
    odds = (9 / 4) ** 0.5  # of 9 to 1 and 1 to 4
    expected = [0.9, odds / (1 + odds), 0.5, 0.6]
    assert both.answers(TEXTS[:5], Work())[:4] == pytest.approx(expected, abs=1e-6)
    with_bundle = opened(f"{files[0]},{bundle}")
    assert not np.isnan(with_bundle.answers(TEXTS, Work())).any()
    assert len({both.sha256, with_bundle.sha256, alone.sha256, opened(files[0]).sha256}) == 4
    with pytest.raises(OptionError, match="teacher=nowhere is not the folder of a bundle"):
        teaching.open_teacher(f"{files[0]},nowhere")
    with pytest.raises(OptionError, match="names nothing before or after a comma"):
        teaching.open_teacher(f"{files[0]},")
    # Regression: so many names are longer than a file's may be.
    many = ",".join([f" {files[0]}"] * 60)
    assert opened(Path(many.strip())).answers(TEXTS[:1], Work()) == pytest.approx([0.9], abs=1e-6)
