"""What a run is given: cleaned over all files, split, and free of what it is measured on."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pytest

from sentiment import Bundle
from sentiment_training.datasets import Dataset, normalised
from sentiment_training.errors import DatasetError, OptionError, ParityError
from sentiment_training.material import prepare, unanswered_languages
from sentiment_training.parity import check_parity
from sentiment_training.progress import SilentProgress
from sentiment_training.recipe import Recipe, Source


def recipe(data: list[str], **evaluation: str) -> Recipe:
    return Recipe("logreg", [Source(each) for each in data], evaluation)


def test_no_text_is_on_two_sides(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(600)
    first = a_file("first.csv", {"text": texts[:400], "label": [int(each) for each in labels[:400]]})
    second = a_file("second.parquet", {"text": texts[300:], "label": [int(each) for each in labels[300:]]})
    exam = a_file("exam.csv", {"text": texts[:50], "label": [int(each) for each in labels[:50]]})

    material = prepare(recipe([first, second], exam=exam), SilentProgress())

    sides = [set(normalised(each.texts).to_pylist()) for each in material.to_evaluate().values()]
    learned = set(normalised(pa.array(material.train().texts)).to_pylist())
    assert all(not learned & side for side in sides)
    assert list(material.to_evaluate()) == ["heldout", "heldout_first", "heldout_second", "exam"]
    assert material.counts["second"].duplicate == 100
    assert material.counts["first"].evaluated == 50
    assert len(material.train()) + len(material.held_out) == 550


def test_two_data_sets_of_one_name_are_refused(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]], tmp_path: Path
) -> None:
    # Regression: figures, weights and checkpoints of the one went for the other's.
    texts, labels = tweets(100)
    first = a_file("tweets.csv", {"text": texts, "label": [int(each) for each in labels]})
    (tmp_path / "2025").mkdir()
    second = str(shutil.copy(first, tmp_path / "2025"))
    with pytest.raises(OptionError, match="are called tweets"):
        prepare(recipe([first, second]), SilentProgress())
    with pytest.raises(OptionError, match="are called tweets"):
        prepare(recipe([first], tweets=second), SilentProgress())


def test_fewer_rows_to_learn_from_leave_the_rows_apart_as_they_are(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(600)
    file = a_file("a.csv", {"text": texts, "label": [int(each) for each in labels]})
    whole, part = (
        prepare(Recipe("logreg", [Source(file, rows=rows)]), SilentProgress(), validate=True)
        for rows in (None, 100)
    )
    learned = part.train()
    assert len(learned) == 100
    assert learned.labels.mean() == pytest.approx(whole.train().labels.mean(), abs=0.02)
    assert set(learned.texts) < set(whole.train().texts)
    assert part.held_out.texts.equals(whole.held_out.texts)
    assert list(part.validation().texts) == list(whole.validation().texts)


def test_strangers_are_met_only_where_something_is_learned(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(600)
    file = a_file(
        "a.csv", {"text": [f"@us {each}" for each in texts], "label": [int(each) for each in labels]}
    )
    without, with_them = (
        prepare(Recipe("logreg", [Source(file, strangers=share)]), SilentProgress(), validate=True)
        for share in (0.0, 1.0)
    )
    assert all(text.startswith("@us ") for text in without.train().texts)
    renamed = [text for text in with_them.train().texts if not text.startswith("@us ")]
    assert len(renamed) == len(without.train().texts) == len(with_them.train().texts) - len(renamed)
    assert with_them.held_out.texts.equals(without.held_out.texts)
    assert list(with_them.validation().texts) == list(without.validation().texts)
    assert with_them.fingerprint != without.fingerprint


def test_what_a_model_labelled_is_learned_and_neither_measured_nor_chosen_by(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(900)
    file = a_file("a.csv", {"text": texts[:600], "label": [int(each) for each in labels[:600]]})
    exam = a_file("exam.csv", {"text": texts[600:650], "label": [int(each) for each in labels[600:650]]})
    # Against what people said of these texts, where they said something; of one there is no answer.
    said = [None, *("negative" if each else "positive" for each in labels[1:])]
    scored = a_file("scored.parquet", {"text": texts, "prediction": said, "probability": [0.5] * 900})
    sources = [Source(scored, 0.5, held_out=False), Source(file)]

    alone = prepare(recipe([file], exam=exam), SilentProgress(), validate=True)
    both = prepare(Recipe("logreg", sources, {"exam": exam}), SilentProgress(), validate=True)

    learned = both.train()
    added = [text for text, domain in zip(learned.texts, learned.domains, strict=True) if domain == 0]
    assert set(added) == set(texts[650:])
    assert learned.labels[learned.domains == 0].tolist() == [not labels[texts.index(each)] for each in added]
    assert {*learned.weights[learned.domains == 0]} == {0.5}
    assert list(alone.train().texts) == [*learned.texts[len(added) :]]
    assert list(alone.validation().texts) == list(both.validation().texts)
    assert alone.held_out.texts.equals(both.held_out.texts)
    assert list(both.to_evaluate()) == list(alone.to_evaluate()) == ["heldout", "exam"]
    assert both.counts["scored"].evaluated == 649
    assert both.counts["scored"].why_dropped() == "1 neutral or unlabelled, 649 also in another set"


def test_what_is_neutral_is_learned_half_as_either_and_measured_nowhere(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(900)
    said = ["positive" if label else "negative" for label in labels[:600]] + ["neutral"] * 300
    users = [f"user{number % 90}" for number in range(900)]
    # One that is negative elsewhere, one that is measured elsewhere, one said twice, one without words.
    texts[600], texts[601], texts[603], texts[604] = texts[0].upper(), "in the exam", texts[602], " "
    file = a_file("a.csv", {"text": texts, "label": said, "user": users})
    exam = a_file("exam.csv", {"text": ["In the exam", "other"], "label": [1, 0]})

    without, with_them = (
        prepare(Recipe("logreg", [source], {"exam": exam}), SilentProgress(), validate=True)
        for source in (Source(file, 3), Source(file, 3, neutral=0.4))
    )

    polar, learned = without.train(), with_them.train()
    apart = {
        user
        for user, text in zip(users[:600], texts, strict=False)
        if text in {*without.validation().texts, *without.held_out.texts.to_pylist()}
    }
    expected = [
        text
        for user, text in zip(users[602:], texts[602:], strict=True)
        if user not in apart and text.strip() and text != texts[603]
    ]
    if users[602] not in apart:
        expected.insert(0, texts[602])
    n = len(polar)
    assert apart
    assert expected
    assert list(learned.texts) == [*polar.texts, *expected, *expected]
    assert learned.labels[n:].tolist() == [False] * len(expected) + [True] * len(expected)
    assert np.allclose(learned.weights, [3.0] * n + [0.6] * 2 * len(expected))
    assert {*learned.domains.tolist()} == {0}
    assert list(with_them.validation().texts) == list(without.validation().texts)
    assert with_them.held_out.texts.equals(without.held_out.texts)
    assert with_them.fingerprint != without.fingerprint
    assert with_them.weighted == [("a", 3.0), ("a, neutral", 0.4)]
    assert with_them.lines()[-1] == f"a: {len(expected)} neutral tweets are learned, half as either label"


def test_of_fewer_rows_to_learn_from_as_many_fewer_are_neutral(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(900)
    said = ["positive" if label else "negative" for label in labels[:600]] + ["neutral"] * 300
    file = a_file("a.csv", {"text": [f"@us {each}" for each in texts], "label": said})
    learned = prepare(Recipe("logreg", [Source(file, rows=270, neutral=1.0)]), SilentProgress()).train()
    assert len(learned) == pytest.approx(270 + 2 * 150, abs=10)
    renamed = Source(file, rows=270, neutral=1.0, strangers=1.0)
    assert len(prepare(Recipe("logreg", [renamed]), SilentProgress()).train()) == 2 * len(learned)


def test_labels_of_people_are_not_looked_for_among_predictions(a_file: Callable[..., str]) -> None:
    scored = a_file("scored.csv", {"text": ["fine", "late"], "prediction": ["positive", "negative"]})
    with pytest.raises(DatasetError, match="no column label; found text, prediction"):
        prepare(recipe([scored]), SilentProgress())


def test_each_language_that_a_file_names_is_measured_apart(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(600)
    spelled = [("french", "german", "")[index // 7 % 3] for index in range(600)]

    def rows(part: slice) -> dict[str, list[object]]:
        return {"text": texts[part], "label": [int(each) for each in labels[part]], "lang": spelled[part]}

    file = a_file("a.csv", rows(slice(400)))
    exam = a_file("exam.csv", rows(slice(400, 600)))

    named = prepare(recipe([file], exam=exam), SilentProgress()).to_evaluate()

    languages = ["heldout_a_french", "heldout_a_german", "exam_french", "exam_german"]
    assert list(named) == ["heldout", "exam", *languages]
    assert len(named["exam_french"]) == spelled[400:].count("french")
    assert 0 < len(named["heldout_a_french"]) + len(named["heldout_a_german"]) < len(named["heldout"])


def test_a_bundle_that_disagrees_with_its_trainer_is_not_let_through() -> None:
    class Trained:
        parameters: Mapping[str, str] = MappingProxyType({})
        tolerance = 1e-5

        def probabilities(self, texts: list[str]) -> np.ndarray:
            return np.full(len(texts), 0.5)

    class Exported:
        def __init__(self, probability: float) -> None:
            self.probability = probability

        def probabilities(self, texts: list[str]) -> np.ndarray:
            return np.full(len(texts), self.probability)

    def difference(probability: float) -> float:
        bundle: Bundle = Exported(probability)  # type: ignore[assignment]
        return check_parity(Trained(), bundle, ["a", "b"], np.array([True, False]), SilentProgress())  # type: ignore[arg-type]

    assert difference(0.500001) == pytest.approx(1e-6)
    for wrong in (0.50002, float("nan")):
        with pytest.raises(ParityError, match="nothing was registered"):
            difference(wrong)


def test_a_quantised_bundle_may_differ_but_not_lose_accuracy() -> None:
    class Trained:
        parameters: Mapping[str, str] = MappingProxyType({})
        tolerance = None

        def probabilities(self, texts: list[str]) -> np.ndarray:
            return np.array([0.9 if "good" in text else 0.1 for text in texts])

    class Exported:
        class manifest:  # noqa: N801 - as the bundle calls it
            threshold = 0.5

        def __init__(self, wrong: int) -> None:
            self.wrong = wrong

        def probabilities(self, texts: list[str]) -> np.ndarray:
            exact = Trained().probabilities(texts) * 0.9 + 0.05
            exact[: self.wrong] = 1 - exact[: self.wrong]
            return exact

    texts, labels = ["good", "bad"] * 1000, np.array([True, False] * 1000)

    def difference(wrong: int) -> float:
        bundle: Bundle = Exported(wrong)  # type: ignore[assignment]
        return check_parity(Trained(), bundle, texts, labels, SilentProgress())  # type: ignore[arg-type]

    assert difference(5) > 0.5
    with pytest.raises(ParityError, match=r"more than 0\.003 was lost"):
        difference(7)
    # Of a hundred texts, one that falls on the other side is chance.
    texts, labels = texts[:100], labels[:100]
    assert difference(1) > 0.5
    with pytest.raises(ParityError, match=r"more than 0\.003 was lost"):
        difference(2)


def test_rows_to_choose_by_are_neither_learned_nor_held_out(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(900)
    numbers = [int(each) for each in labels]
    users = [f"user{index % 90}" for index in range(900)]
    files = [
        a_file("text.csv", {"text": texts[:300], "label": numbers[:300]}),
        a_file("user.csv", {"text": texts[300:600], "label": numbers[300:600], "user": users[300:600]}),
        a_file("order.csv", {"text": texts[600:], "label": numbers[600:], "order": list(range(300))}),
    ]

    material = prepare(recipe(files), SilentProgress(), validate=True)
    without = prepare(recipe(files), SilentProgress())

    learned, chosen = set(material.train().texts), set(material.validation().texts)
    held_out = set(material.held_out.texts.to_pylist())
    assert not learned & chosen
    assert not held_out & (learned | chosen)
    assert learned | chosen == set(without.train().texts)
    assert held_out == set(without.held_out.texts.to_pylist())
    assert 0 == len(without.validation())
    for number in range(3):
        assert 15 <= int((material.validation().domains == number).sum()) <= 60


def test_each_row_has_the_weight_of_its_data_set(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(600)
    first = a_file("first.csv", {"text": texts[:400], "label": [int(each) for each in labels[:400]]})
    second = a_file("second.csv", {"text": texts[400:], "label": [int(each) for each in labels[400:]]})
    learned = prepare(Recipe("logreg", [Source(first), Source(second, 5)]), SilentProgress()).train()
    assert ["first", "second"] == list(learned.names)
    assert np.array_equal(np.where(learned.domains == 1, 5.0, 1.0), learned.weights)
    assert set(texts[400:]) >= {
        text for text, weight in zip(learned.texts, learned.weights, strict=True) if weight > 1
    }


def test_measuring_fewer_rows_keeps_the_share_of_labels(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(3_000)
    material = prepare(
        recipe([a_file("all.csv", {"text": texts, "label": [int(each) for each in labels]})]),
        SilentProgress(),
    )
    whole, part = material.to_evaluate()["heldout"], material.to_evaluate(100)["heldout"]
    assert 100 == len(part)
    assert part.positives / 100 == pytest.approx(whole.positives / len(whole), abs=0.02)
    assert set(part.texts.to_pylist()) <= set(whole.texts.to_pylist())


def test_the_mix_is_measured_on_rows_that_are_measured_apart(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(6_000)
    first = a_file("first.csv", {"text": texts[:5_000], "label": [int(each) for each in labels[:5_000]]})
    second = a_file("second.csv", {"text": texts[5_000:], "label": [int(each) for each in labels[5_000:]]})
    measured = prepare(recipe([first, second]), SilentProgress()).to_evaluate(90)
    mixed, *apart = ({*measured[name].texts.to_pylist()} for name in list(measured)[:3])
    assert ["heldout", "heldout_first", "heldout_second"] == list(measured)[:3]
    assert [90, 90, 90] == [len(mixed), *map(len, apart)]
    assert [75, 15] == pytest.approx([len(mixed & each) for each in apart], abs=2)


def test_a_language_goes_by_what_mlflow_takes(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    # Regression: MLflow refused the metric's name when all was trained.
    texts, labels = tweets(400)
    spelled = ["Chinese (Simplified)" if index // 7 % 2 else "C++?" for index in range(400)]
    columns = {"text": texts, "label": [int(each) for each in labels], "lang": spelled}
    measured = prepare(recipe([a_file("a.csv", columns)]), SilentProgress()).to_evaluate()
    assert list(measured) == ["heldout", "heldout_a_C___", "heldout_a_Chinese _Simplified_"]


def test_a_language_takes_no_other_data_set_s_name(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    # Regression: the rows in French took the place of the set that was named so.
    texts, labels = tweets(500)
    numbers = [int(each) for each in labels]
    spelled = [("french", "german")[index // 7 % 2] for index in range(200)]
    learned = a_file("a.csv", {"text": texts[:200], "label": numbers[:200]})
    exam = a_file("exam.csv", {"text": texts[200:400], "label": numbers[200:400], "lang": spelled})
    french = a_file("french.csv", {"text": texts[400:], "label": numbers[400:]})
    with pytest.raises(OptionError, match="are called exam_french"):
        prepare(recipe([learned], exam=exam, exam_french=french), SilentProgress())


@pytest.mark.parametrize("rare", [True, False])
def test_a_rare_label_is_measured_however_few_rows_are(rare: bool, dataset: Callable[..., Dataset]) -> None:
    # Regression: none was left of it, and the figures could not be computed when all was trained.
    labels = [rare] * 3 + [not rare] * 997
    few = dataset([f"text {number}" for number in range(1_000)], labels).thinned(100)
    assert len(few) == 100
    assert len(few.require_both_classes()) == 100


def test_no_more_texts_than_said_are_compared() -> None:
    # Regression: of 9,999 texts, all were.
    asked = []

    class Trained:
        parameters: Mapping[str, str] = MappingProxyType({})
        tolerance = 1e-5

        def probabilities(self, texts: list[str]) -> np.ndarray:
            asked.extend(texts)
            return np.full(len(texts), 0.5)

    texts = [str(number) for number in range(9_999)]
    check_parity(Trained(), Trained(), texts, np.zeros(9_999, np.bool_), SilentProgress())  # type: ignore[arg-type]
    assert len({*asked} & {*texts}) == 5_000


def test_languages_that_a_version_will_not_answer_are_named(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]]
) -> None:
    texts, labels = tweets(400)
    spoken = ["French", "de", "english", "en"] * 100
    label = [int(each) for each in labels]
    told = a_file("told.csv", {"text": texts, "label": label, "lang": spoken})
    untold = a_file("untold.csv", {"text": [f"{each} too" for each in texts], "label": label})
    material = prepare(recipe([told, untold]), SilentProgress())

    assert unanswered_languages(material, ["en"]) == {"told": ["French", "de"]}
    assert unanswered_languages(material, ["fr", "de", "en"]) == {}
