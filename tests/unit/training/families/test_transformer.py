"""A transformer is fine-tuned from a folder as hubs keep it, and leaves a bundle that answers alike."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from e5_folders import an_e5_folder
from hub_folders import LONGEST, a_hub_folder
from scipy.special import logit
from tokenizers import Tokenizer

from bundles import a_bundle
from sentiment import Bundle, Cleaning, Provenance
from sentiment_training.errors import CheckpointError, DivergedError, OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work
from sentiment_training.families.transformer.batches import (
    Shown,
    epoch_batches,
    even_batches,
    filled,
    repeated,
)
from sentiment_training.families.transformer.options import TransformerOptions
from sentiment_training.families.transformer.temperature import cooled
from sentiment_training.families.transformer.tokenizer import read_tokenizer
from sentiment_training.families.transformer.tokens import Tokens
from sentiment_training.progress import LineProgress

FAMILY = FAMILIES["transformer"]
PLAIN = Cleaning.parse("lowercase=off")
GOOD = ("the crew was great", "thanks good", "not bad !")
BAD = ("the crew was awful", "never again", "late again", "not good")
SMALL = {"batch": "8", "max_length": "16", "learning_rate": "0.003", "epochs": "4", "precision": "float32"}


def some_examples() -> Examples:
    texts = [*GOOD * 16, *BAD * 12]
    return Examples.of(texts, np.array([text in GOOD for text in texts]))


def fit(folder: Path, work: Work | None = None, **options: str) -> FittedModel:
    pytest.importorskip("keras_hub", reason="comes with the extra deep")
    examples = some_examples()
    chosen = SMALL | {"weights": str(folder)} | options
    return FAMILY.fit(examples, examples, chosen, work or Work())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_hub_folder(tmp_path_factory.mktemp("weights"), layers=1)


@dataclass(frozen=True)
class Fitted:
    model: FittedModel
    told: Mapping[str, list[tuple[float, int]]]


@pytest.fixture(scope="module")
def fitted(folder: Path) -> Fitted:
    """One training for all that only look at it."""
    told: dict[str, list[tuple[float, int]]] = {}
    work = Work(report=lambda name, value, step: told.setdefault(name, []).append((value, step)))
    return Fitted(fit(folder, work, export="float32", checks="1", pooling="mean+first"), told)


def test_it_learns_and_its_bundle_agrees(fitted: Fitted, tmp_path: Path) -> None:
    bundle = fitted.model.export(tmp_path / "bundle", ["the crew was great", ""], Provenance())
    examples = some_examples()
    texts = [*examples.texts, "", "zzz unknown \U0001f600", "great " * 50, "[PAD] good [SEP][UNK] late"]
    given = bundle.probabilities(texts)
    assert fitted.model.tolerance == 1e-4
    assert bundle.manifest.calibration == "temperature"
    assert bundle.manifest.golden_tolerance == 1e-4
    np.testing.assert_allclose(given, fitted.model.probabilities(texts), atol=1e-4)
    assert ((given[: len(examples)] >= 0.5) == examples.labels).mean() > 0.9


def test_of_e5_it_keeps_the_pieces_that_texts_use(tmp_path: Path) -> None:
    an_e5_folder(tmp_path / "e5")
    model = fit(tmp_path / "e5", vocabulary="42", export="float32")
    bundle = model.export(tmp_path / "bundle", ["the crew was great"], Provenance())
    tokenizer = Tokenizer.from_file(str(tmp_path / "bundle" / "tokenizer.json"))
    assert 42 == tokenizer.get_vocab_size() == model.parameters["vocabulary"]
    examples = some_examples()
    given = bundle.probabilities([*examples.texts, "", "zzz ☮", "great " * 50])
    np.testing.assert_allclose(
        given, model.probabilities([*examples.texts, "", "zzz ☮", "great " * 50]), atol=1e-4
    )
    assert ((given[: len(examples)] >= 0.5) == examples.labels).mean() > 0.9


def test_in_int8_it_is_nearly_the_same(fitted: Fitted, tmp_path: Path) -> None:
    small = replace(fitted.model, options=replace(fitted.model.options, export="int8"))  # type: ignore[type-var, attr-defined]
    bundle = small.export(tmp_path / "bundle", ["the crew was great"], Provenance())
    texts = some_examples().texts
    assert small.tolerance is None
    assert bundle.manifest.golden_tolerance == 5e-3  # another processor may round otherwise
    np.testing.assert_allclose(bundle.probabilities(texts), small.probabilities(texts), atol=0.03)


def test_a_teacher_makes_up_for_wrong_labels(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("keras_hub", reason="comes with the extra deep")
    right = some_examples()
    wrong = replace(right, labels=~right.labels)
    answers = tmp_path / "answers.csv"
    lines = [
        f'"{text}",{0.95 if good else 0.05}' for text, good in zip(right.texts, right.labels, strict=True)
    ]
    answers.write_text("text,probability\n" + "\n".join(lines), encoding="utf-8")
    options = SMALL | {"weights": str(folder), "teacher": str(answers), "teacher_share": "0.9"}
    taught = FAMILY.fit(wrong, right, options, Work())
    assert ((taught.probabilities(right.texts) >= 0.5) == right.labels).mean() > 0.9
    assert taught.parameters["teacher.sha256"] == hashlib.sha256(answers.read_bytes()).hexdigest()
    with pytest.raises(OptionError, match="leave teacher out"):
        FAMILY.check({"epochs": "0", "teacher": str(answers)})


def test_n_grams_answer_for_what_little_training_has_not_taught(folder: Path, tmp_path: Path) -> None:
    model = fit(folder, export="float32", epochs="1", learning_rate="0.000001", wide="2", wide_c="100")
    examples = some_examples()
    assert ((model.probabilities(examples.texts) >= 0.5) == examples.labels).all()
    bundle = model.export(tmp_path / "bundle", ["the crew was great"], Provenance())
    texts = [*GOOD, *BAD, "", "good", "not not bad bad", "great " * 50, "[PAD] good [SEP][UNK] late"]
    together = bundle.probabilities(texts)
    np.testing.assert_allclose(together, model.probabilities(texts), atol=1e-5)
    np.testing.assert_allclose(together, [bundle.probabilities([text])[0] for text in texts], atol=1e-6)
    assert model.parameters["wide.ngrams"] > 0


def test_members_answer_together(folder: Path, tmp_path: Path) -> None:
    steps: dict[str, list[int]] = {}
    work = Work(report=lambda name, _value, step: steps.setdefault(name, []).append(step))
    together = fit(folder, work, export="float32", epochs="1", members="2")
    texts = [*GOOD, *BAD, "", "zzz", "great " * 50]
    bundle = together.export(tmp_path / "bundle", ["the crew was great"], Provenance())
    np.testing.assert_allclose(bundle.probabilities(texts), together.probabilities(texts), atol=1e-5)
    first, second = (replace(together, members=[each]) for each in together.members)  # type: ignore[type-var, attr-defined]
    log_odds = []
    for number, member in enumerate((first, second)):
        alone = member.export(tmp_path / f"bundle-{number}", ["good"], Provenance()).probabilities(texts)
        log_odds.append(np.log(alone / (1 - alone)))
    assert np.abs(log_odds[0] - log_odds[1]).max() > 1e-3  # from seeds of their own
    mean = 1 / (1 + np.exp(-np.mean(log_odds, axis=0)))
    np.testing.assert_allclose(bundle.probabilities(texts), mean, atol=1e-5)
    network = fit(folder, export="float32", epochs="1")
    alone = network.probabilities(texts)
    np.testing.assert_allclose(
        log_odds[0] * float(together.parameters["temperature"]),
        np.log(alone / (1 - alone)) * float(network.parameters["temperature"]),
        atol=1e-4,
    )
    assert steps["validation.loss"] == steps["member.1.validation.loss"]
    assert {"best_step", "member.1.best_step"} <= together.parameters.keys()


@pytest.mark.parametrize(
    ("options", "apart"),
    [({"export": "float32", "pooling": "mean+first"}, 1e-4), ({"members": "2", "wide": "2"}, 1e-3)],
)
def test_a_version_is_trained_on(options: dict[str, str], apart: float, folder: Path, tmp_path: Path) -> None:
    first = replace(fit(folder, epochs="1", **options), wide=None)  # type: ignore[type-var]
    version = first.export(tmp_path / "version", ["the crew was great"], Provenance())
    given = {"batch": "8", "epochs": "1", "weights": str(tmp_path / "version"), "precision": "float32"}
    texts = [*GOOD, *BAD, "", "zzz", "great " * 50]

    def log_odds(probability: np.ndarray) -> np.ndarray:
        return np.log(probability / (1 - probability))

    FAMILY.check(given)
    examples = some_examples()
    same = FAMILY.fit(examples, examples, given | {"learning_rate": "0.00000001"}, Work())
    cooled_again = log_odds(same.probabilities(texts)) * float(same.parameters["temperature"])
    np.testing.assert_allclose(cooled_again, log_odds(version.probabilities(texts)), atol=apart)
    assert same.parameters["members"] == first.parameters["members"]
    assert same.parameters["pooling"] == first.parameters["pooling"]
    assert same.parameters["started_from"] == f"version-{version.sha256[:12]}"

    better = FAMILY.fit(examples, examples, given | {"learning_rate": "0.003", "export": "float32"}, Work())
    before, after = (
        -np.log(np.where(examples.labels, probability, 1 - probability)).mean()
        for probability in (model.probabilities(examples.texts) for model in (same, better))
    )
    assert after < before
    bundle = better.export(tmp_path / "better", ["good"], Provenance())
    np.testing.assert_allclose(bundle.probabilities(texts), better.probabilities(texts), atol=1e-4)


def test_a_version_that_cannot_be_trained_on_says_why(fitted: Fitted, tmp_path: Path) -> None:
    fitted.model.export(tmp_path / "version", ["good"], Provenance())
    with pytest.raises(OptionError, match="is a version, which has its own cleaning; leave cleaning out"):
        FAMILY.check({"weights": str(tmp_path / "version"), "cleaning": "mentions=kept"})
    a_bundle(tmp_path / "words")
    with pytest.raises(OptionError, match="is a version of the family words, not transformer"):
        FAMILY.check({"weights": str(tmp_path / "words")})
    (tmp_path / "version" / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(OptionError, match="is a bundle that cannot be used"):
        FAMILY.check({"weights": str(tmp_path / "version")})


@pytest.fixture(scope="module")
def versions(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two versions that cut texts alike; the second has more layers, more attention heads, two members."""
    place = tmp_path_factory.mktemp("versions")
    deep = a_hub_folder(place / "deep", layers=2, heads=8)
    found = []
    for name, weights, options in (("small", folder, {}), ("large", deep, {"members": "2"})):
        model = fit(weights, epochs="1", export="float32", **options)
        model.export(place / name, ["the crew was great"], Provenance())
        found.append(place / name)
    return found


def uncooled(model: FittedModel, texts: Sequence[str]) -> np.ndarray:
    """Log-odds before the temperature."""
    return logit(model.probabilities(texts)) * float(model.parameters["temperature"])


def test_versions_become_one_that_answers_with_the_mean_of_their_networks(
    versions: list[Path], tmp_path: Path
) -> None:
    examples = some_examples()
    texts = [*GOOD, *BAD, "", "zzz", "great " * 50]
    options = {"weights": ",".join(map(str, versions)), "epochs": "0", "export": "float32"}
    FAMILY.check(options)
    told = StringIO()
    together = FAMILY.fit(examples, examples, options, Work(progress=LineProgress(told)))
    assert "tokens" not in told.getvalue()  # of texts that nothing is learned from
    bundle = together.export(tmp_path / "bundle", ["good"], Provenance())
    np.testing.assert_allclose(bundle.probabilities(texts), together.probabilities(texts), atol=1e-5)
    small, large = (Bundle.open(each) for each in versions)
    expected = (logit(small.probabilities(texts)) + 2 * logit(large.probabilities(texts))) / 3
    np.testing.assert_allclose(uncooled(together, texts), expected, atol=1e-3)
    assert 3 == together.parameters["members"]
    pair = FAMILY.fit(examples, examples, options | {"members": "1"}, Work())
    large_first = FAMILY.fit(
        examples, examples, options | {"members": "1", "weights": str(versions[1])}, Work()
    )
    expected = (logit(small.probabilities(texts)) + uncooled(large_first, texts)) / 2
    np.testing.assert_allclose(uncooled(pair, texts), expected, atol=1e-3)
    assert f"version-{small.sha256[:12]},version-{large.sha256[:12]}" == together.parameters["started_from"]

    taught = FAMILY.fit(examples, examples, options | {"epochs": "1", "learning_rate": "0.003"}, Work())
    assert {"steps", "member.1.steps", "member.2.steps"} <= taught.parameters.keys()
    again = taught.export(tmp_path / "again", ["good"], Provenance())
    np.testing.assert_allclose(again.probabilities(texts), taught.probabilities(texts), atol=1e-4)


def test_versions_that_cannot_answer_together_say_why(
    versions: list[Path], folder: Path, tmp_path: Path
) -> None:
    small = versions[0]
    with pytest.raises(OptionError, match=f"what answers together are versions, and {folder} is no version"):
        FAMILY.check({"weights": f"{small},{folder}"})
    with pytest.raises(OptionError, match="epochs=0 trains nothing, so weights takes versions"):
        FAMILY.check({"weights": str(folder), "epochs": "0"})
    examples = some_examples()
    with pytest.raises(OptionError, match=r"members=2: .*small is a version of 1; give fewer"):
        FAMILY.fit(examples, examples, {"weights": str(small), "members": "2"}, Work())
    for options, reason in (
        ({"max_length": "12"}, "cuts texts otherwise than version-"),
        ({"pooling": "mean+first"}, r"has pooling=mean\+first, and version-\w+ mean:"),
    ):
        other = tmp_path / next(iter(options))
        fit(folder, **{"epochs": "1", **options}).export(other, ["good"], Provenance())
        with pytest.raises(OptionError, match=reason):
            FAMILY.fit(examples, examples, {"weights": f"{small},{other}", "epochs": "0"}, Work())


def test_it_is_as_sure_as_it_is_right() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(0, 2, 4_000)
    labels = random.random(4_000) < 1 / (1 + np.exp(-honest))
    # A second data set has a tenth of the rows, and too sure answers by another factor: both count the same.
    domains = np.repeat([0, 1], [3_600, 400])
    examples = Examples(["a"] * 4_000, labels, np.ones(4_000), domains, ["one", "other"])
    assert cooled(3 * honest, examples) == pytest.approx(1 / 3, rel=0.1)
    assert 1 / 30 < cooled(honest * np.where(domains, 30, 3), examples) < 0.15
    one_class = Examples.of(["a"] * 3, np.ones(3, bool))
    assert cooled(np.ones(3), one_class) == cooled(-honest, examples) == 1


def test_it_says_how_it_goes_while_it_trains(fitted: Fitted) -> None:
    assert [12, 24, 36, 48] == [step for _, step in fitted.told["validation.loss"]]
    assert {"validation.data.loss", "validation.data.accuracy"} <= fitted.told.keys()
    assert fitted.model.parameters["best_step"] == min(fitted.told["validation.loss"])[1]
    assert "weights" not in fitted.model.parameters  # a run's own parameter, of its data sets


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_what_is_computed_in_another_way_learns_the_same(
    folder: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_epoch = {"epochs": "1", "dropout": "0", "precision": precision, "learning_rate": "0.001"}
    texts = some_examples().texts
    quick = fit(folder, **one_epoch).probabilities(texts)
    monkeypatch.setattr("sentiment_training.families.transformer.network.quicken", lambda _layers: None)
    plain = fit(folder, **one_epoch).probabilities(texts)
    # In bfloat16, three digits are left of a product: which are rounded away differs.
    np.testing.assert_allclose(quick, plain, atol=1e-5 if precision == "float32" else 0.02)


def test_the_first_layers_of_an_mpnet_are_trained_and_trained_on(tmp_path: Path) -> None:
    folder = a_hub_folder(tmp_path / "weights", "mpnet", layers=2)
    given = {"export": "float32", "epochs": "1", "layers": "1", "dropout": "0.1"}
    first = fit(folder, **given)
    assert first.parameters["layers"] == 1
    version = first.export(tmp_path / "version", ["the crew was great", ""], Provenance())
    texts = [*some_examples().texts, "", "zzz", "great " * 50]
    np.testing.assert_allclose(version.probabilities(texts), first.probabilities(texts), atol=1e-4)

    given = {"weights": str(tmp_path / "version"), "batch": "8", "epochs": "4", "learning_rate": "0.003"}
    with pytest.raises(OptionError, match="is a version, which has its own layers; leave layers out"):
        FAMILY.check(given | {"layers": "1"})
    examples = some_examples()
    better = FAMILY.fit(examples, examples, given | {"export": "float32", "precision": "float32"}, Work())
    assert ((better.probabilities(examples.texts) >= 0.5) == examples.labels).mean() > 0.9
    (before,), (after,) = first.members, better.members  # type: ignore[attr-defined]
    assert before.encoder.distances.shape == after.encoder.distances.shape == (2 * 16 - 1, 4)
    assert np.abs(before.encoder.distances - after.encoder.distances).max() > 1e-3  # they learn, too
    bundle = better.export(tmp_path / "better", ["good"], Provenance())
    np.testing.assert_allclose(bundle.probabilities(texts), better.probabilities(texts), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["distilbert", "roberta", "xlm-roberta"])
def test_each_architecture_leaves_a_bundle_that_agrees(kind: str, tmp_path: Path) -> None:
    model = fit(a_hub_folder(tmp_path / "weights", kind), export="float32", epochs="1")
    bundle = model.export(tmp_path / "bundle", ["the crew was great", ""], Provenance())
    texts = some_examples().texts
    np.testing.assert_allclose(bundle.probabilities(texts), model.probabilities(texts), atol=1e-4)


@pytest.mark.slow
def test_bertweet_is_robertas_shape_with_a_tokenizer_of_its_own(tmp_path: Path) -> None:
    folder = a_hub_folder(tmp_path / "weights", "roberta", layers=1)
    (folder / "tokenizer.json").unlink()
    write_bertweet_files(folder)
    model = fit(folder, export="float32", epochs="1", wide="2")  # its padding is 1, not 0
    bundle = model.export(tmp_path / "bundle", ["great flight", ""], Provenance())
    # The last one ends in pieces that the weights have no row for.
    texts = ["great flight !", "@delta great", "https://t.co/x URL", "", "\U0001f600", "xgrea eat"]
    np.testing.assert_allclose(bundle.probabilities(texts), model.probabilities(texts), atol=1e-4)


@pytest.mark.slow
def test_what_stays_is_the_best_check_not_the_last(folder: Path) -> None:
    told: list[tuple[float, int]] = []

    def report(name: str, value: float, step: int) -> None:
        if name == "validation.loss":
            told.append((value, step))

    # A rate at which it can only get worse.
    model = fit(folder, Work(report=report), learning_rate="0.9", epochs="6", patience="2", warmup="0.5")
    probability = model.probabilities(some_examples().texts)
    labels = some_examples().labels
    loss = -np.log(np.where(labels, probability, 1 - probability)).mean()
    assert loss == pytest.approx(min(told)[0], rel=1e-3)
    best = model.parameters["best_step"]
    assert sum(step > best for _, step in told) <= 2


@pytest.mark.slow
def test_compiled_it_learns_the_same(folder: Path) -> None:
    # 96 rows: the fourth batch has 21, and is filled with rows that count nothing.
    options = {"epochs": "1", "dropout": "0", "batch": "25"}
    plain, compiled = fit(folder, **options), fit(folder, jit="true", **options)
    texts = some_examples().texts
    np.testing.assert_allclose(compiled.probabilities(texts), plain.probabilities(texts), atol=0.02)
    assert compiled.parameters["steps"] == plain.parameters["steps"] == 4


class KilledError(Exception):
    pass


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_last_check(folder: Path, tmp_path: Path) -> None:
    def kill_at_the_third(name: str, _value: float, step: int) -> None:
        if name == "validation.loss" and step == 18:
            raise KilledError

    uninterrupted = fit(folder)
    with pytest.raises(KilledError):
        fit(folder, Work(report=kill_at_the_third, checkpoints=tmp_path))
    steps: list[int] = []
    again = fit(folder, Work(report=lambda _n, _v, step: steps.append(step), checkpoints=tmp_path))
    assert min(steps) > 12  # two checks were kept
    texts = some_examples().texts
    np.testing.assert_allclose(again.probabilities(texts), uninterrupted.probabilities(texts), atol=1e-5)


@pytest.mark.slow
def test_a_killed_training_keeps_the_members_that_are_through(folder: Path, tmp_path: Path) -> None:
    def kill_in_the_second(name: str, _value: float, step: int) -> None:
        if name == "member.1.validation.loss" and step == 18:
            raise KilledError

    options = {"members": "2", "epochs": "2"}
    uninterrupted = fit(folder, **options)
    with pytest.raises(KilledError):
        fit(folder, Work(report=kill_in_the_second, checkpoints=tmp_path), **options)
    told: list[tuple[str, int]] = []
    work = Work(report=lambda name, _value, step: told.append((name, step)), checkpoints=tmp_path)
    again = fit(folder, work, **options)
    assert {name.partition(".")[0] for name, _ in told} == {"member"}
    texts = some_examples().texts
    np.testing.assert_allclose(again.probabilities(texts), uninterrupted.probabilities(texts), atol=1e-5)


def test_a_training_in_which_nothing_would_be_learned_is_refused(folder: Path) -> None:
    with pytest.raises(OptionError, match="accumulate=1000 batches make one step, and there are 3 in all"):
        fit(folder, batch="32", epochs="1", accumulate="1000")


def test_answers_that_are_no_numbers_end_the_training(tmp_path: Path) -> None:
    # Regression: the untrained numbers were taken for the best ones, and registered.
    numpy = pytest.importorskip("safetensors.numpy", reason="comes with the extra deep")
    file = a_hub_folder(tmp_path, layers=1) / "model.safetensors"
    tensors = numpy.load_file(file)
    numpy.save_file({name: each * (np.nan if "query" in name else 1) for name, each in tensors.items()}, file)
    with pytest.raises(DivergedError, match="answers are no numbers; give a lower learning_rate"):
        fit(tmp_path, epochs="1")


def test_a_checkpoint_that_cannot_be_gone_on_from_says_so(folder: Path, tmp_path: Path) -> None:
    fit(folder, Work(checkpoints=tmp_path), epochs="1")
    with pytest.raises(CheckpointError, match="began from other weights or rows; --fresh begins again"):
        fit(folder, Work(checkpoints=tmp_path, seed=1), epochs="1")
    # Regression: other rows, in their order too, were gone on with as if they were the same.
    turned = some_examples().chosen(np.arange(len(some_examples()))[::-1])
    options = SMALL | {"weights": str(folder), "epochs": "1"}
    with pytest.raises(CheckpointError, match="began from other weights or rows; --fresh begins again"):
        FAMILY.fit(turned, some_examples(), options, Work(checkpoints=tmp_path))
    (tmp_path / "transformer.npz").write_bytes(b"PK")
    with pytest.raises(CheckpointError, match="cannot be read"):
        fit(folder, Work(checkpoints=tmp_path), epochs="1")


@pytest.mark.slow
def test_the_same_seed_trains_the_same_model_and_another_one_another(folder: Path) -> None:
    texts = some_examples().texts
    first, second = (fit(folder, epochs="1").probabilities(texts) for _ in range(2))
    other = fit(folder, Work(seed=1), epochs="1").probabilities(texts)
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-4


@pytest.mark.slow
def test_it_ends_when_its_minutes_are_over(folder: Path) -> None:
    shown = StringIO()
    progress = LineProgress(shown, interval_s=0)
    # Six seconds: a busy machine is long at the first step.
    model = fit(folder, Work(progress=progress), epochs="1000", minutes="0.1")
    steps = int(model.parameters["steps"])
    assert 0 < steps < 12_000
    # The time that it says is left is that of the minutes, not that of a thousand epochs: some minutes.
    left = [int(seconds) for seconds in re.findall(r"fine-tune: \d+ %, about (\d+) s", shown.getvalue())]
    assert left
    assert max(left) <= 10


@pytest.mark.slow
def test_gradients_of_several_batches_can_make_one_step(folder: Path) -> None:
    model = fit(folder, batch="4", accumulate="2", train_embeddings="false", precision="mixed_bfloat16")
    assert model.parameters["arithmetic"] == "mixed_bfloat16"
    assert ((model.probabilities(GOOD) >= 0.5).mean()) > 0.5


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"weight": "minilm"}, "there is no option 'weight'"),
        ({"weights": "no-such-thing"}, "there is no such folder, and a hub's names look like owner/name"),
        ({"weights": "./no/folder"}, "there is no such folder"),
        ({"export": "int4"}, "export is one of int8, float32"),
        ({"cleaning": "emojis=words"}, "emojis cannot be chosen so: this family reads parts of words"),
        ({"cleaning": "punctuation=removed"}, "punctuation cannot be chosen: .* tokenizer of their own"),
        ({"cleaning": "contractions=split"}, "contractions cannot be chosen"),
    ],
)
def test_a_wrong_option_is_named_before_any_work(options: dict[str, str], reason: str) -> None:
    pytest.importorskip("keras_hub", reason="comes with the extra deep")
    with pytest.raises(OptionError, match=reason):
        FAMILY.check(options)


@pytest.mark.parametrize(
    ("family", "backend", "known"),
    [("transformer", "torch", "tensorflow or jax"), ("bilstm", "jax", "tensorflow or torch")],
)
def test_what_keras_cannot_compute_on_here_is_named(
    family: str, backend: str, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    with pytest.raises(OptionError, match=f"KERAS_BACKEND={backend}: this family computes on {known}"):
        FAMILIES[family].check({})


def test_a_hub_that_cannot_be_reached_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="comes with the extra deep")
    pytest.importorskip("keras_hub", reason="comes with the extra deep")

    def unreachable(*_arguments: object, **_options: object) -> None:
        raise hub.errors.LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(hub, "hf_hub_download", unreachable)
    with pytest.raises(OptionError, match=r"cannot be fetched from the hub.*or the word minilm"):
        FAMILY.check({"weights": "vinai/bertweet-base"})


def test_more_layers_than_the_weights_have_are_refused_before_any_data_are_read(folder: Path) -> None:
    with pytest.raises(OptionError, match="layers=2: these weights have 1"):
        FAMILY.check({"weights": str(folder), "layers": "2", "max_length": "16"})


def test_more_tokens_than_the_weights_take_are_refused_before_any_data_are_read(folder: Path) -> None:
    with pytest.raises(OptionError, match=f"these weights take {LONGEST} tokens at most"):
        FAMILY.check({"weights": str(folder), "max_length": str(LONGEST + 1)})
    with pytest.raises(OptionError, match=f"these weights take {LONGEST} tokens at most"):
        fit(folder, max_length=str(LONGEST + 1))


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment_training.families.extras.find_spec", lambda _name: None)
    with pytest.raises(OptionError, match="uv sync --all-packages --extra deep"):
        FAMILY.check({})


# Tokenizers.


def tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    tokenizer.no_padding()
    return tokenizer.encode(text).tokens


def test_our_cleaning_comes_before_the_weights_own_tokenizer(folder: Path) -> None:
    tokenizer = read_tokenizer(folder, 16, 64, PLAIN)
    assert tokenizer.truncation["max_length"] == 16
    assert tokenizer.padding["pad_token"] == "[PAD]"
    # Neither a link nor a mention is in this vocabulary; both are one word each.
    assert tokens(tokenizer, "@delta http://t.co/x GREAT &amp; good") == tokens(
        tokenizer, "user url great & good"
    )


def test_another_cleaning_is_in_the_tokenizer_that_is_served(folder: Path, tmp_path: Path) -> None:
    model = fit(folder, epochs="1", cleaning="mentions=removed")
    bundle = model.export(tmp_path / "bundle", ["the crew was great"], Provenance())
    plain, named, other = bundle.probabilities(["the crew was late", "the @crew crew was late", "crew late"])
    assert plain == named != other
    assert model.parameters["cleaning"] == "mentions=removed"


def test_berts_vocabulary_makes_a_tokenizer(tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "great", "fl", "##ight"]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    tokenizer = read_tokenizer(tmp_path, 8, len(words), PLAIN)
    assert tokens(tokenizer, "GREAT flight zzz") == ["[CLS]", "great", "fl", "##ight", "[UNK]", "[SEP]"]


def test_robertas_vocabulary_and_merges_make_a_tokenizer(tmp_path: Path) -> None:
    words = ["<s>", "<pad>", "</s>", "<unk>", *"agretĠ", "gr", "Ġgr", "ea", "eat", "great", "Ġgreat"]
    vocabulary = {word: number for number, word in enumerate(words)}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    merges = "#version: 0.2\ng r\nĠ gr\ne a\nea t\ngr eat\nĠgr eat\n"
    (tmp_path / "merges.txt").write_text(merges, encoding="utf-8")
    tokenizer = read_tokenizer(tmp_path, 8, len(words), PLAIN)
    assert tokens(tokenizer, "great great") == ["<s>", "great", "Ġgreat", "</s>"]


def write_bertweet_files(folder: Path) -> None:
    """A vocabulary that lacks pieces on the way to its own, as the real one does."""
    words = [
        "@USER 9",
        "HTTPURL 9",
        "great 9",
        "fli@@ 5",
        "ght 5",
        *(f"{letter}@@ 1" for letter in "gretaflih"),
    ]
    words += [f"{letter} 1" for letter in "tehgrR!L"]
    words += ["gr@@ 1", "ea@@ 1", "fl@@ 1", "gh@@ 1", *(f"{each}@@ 1" for each in "@USEHTPL")]
    words += ["@U@@ 1", "SE@@ 1", "@USE@@ 1", "HT@@ 1", "TP@@ 1", "HTTP@@ 1", "UR@@ 1", "URL 1"]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    codes = [
        *("g r 9", "e a 9", "ea t</w> 9", "gr eat</w> 9", "f l 9", "fl i 9", "g h 9", "gh t</w> 9"),
        *("@ U 9", "S E 9", "@U SE 9", "@USE R</w> 9"),
        *("H T 9", "T P 9", "HT TP 9", "U R 9", "UR L</w> 9", "HTTP URL</w> 9"),
    ]
    (folder / "bpe.codes").write_text("\n".join(codes) + "\n", encoding="utf-8")


def test_bertweets_vocabulary_and_codes_make_a_tokenizer(tmp_path: Path) -> None:
    write_bertweet_files(tmp_path)
    tokenizer = read_tokenizer(tmp_path, 16, 100, PLAIN)
    assert tokens(tokenizer, "@delta great flight! https://t.co/x") == [
        *("<s>", "@USER</w>", "great</w>", "fli", "ght</w>", "!</w>", "HTTPURL</w>", "</s>"),
    ]
    kept = read_tokenizer(tmp_path, 16, 100, Cleaning.parse("lowercase=off,links=removed,mentions=kept"))
    assert (
        tokens(kept, "@great great https://t.co/x") == tokens(kept, "@great great") != tokens(kept, "great")
    )


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "holds no tokenizer; what can be read is tokenizer.json"),
        ({"tokenizer.json": "{"}, "its tokenizer cannot be read"),
        ({"vocab.txt": "a\nb\n"}, "its tokenizer cannot be read"),
    ],
)
def test_a_tokenizer_that_cannot_be_read_says_why(files: dict[str, str], reason: str, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(OptionError, match=reason):
        read_tokenizer(tmp_path, 8, 100, PLAIN)


def test_a_tokenizer_of_other_weights_is_refused(folder: Path) -> None:
    with pytest.raises(OptionError, match="its weights know 20 tokens"):
        read_tokenizer(folder, 8, 20, PLAIN)


def test_texts_lie_side_by_side_padded_at_the_right_with_their_mask() -> None:
    tokens = Tokens(np.array([4, 5, 6, 7, 8, 9], np.int32), np.array([3, 1, 2]), padding=1)
    batch = tokens.batch(np.array([2, 0]))
    assert batch["token_ids"].tolist() == [[8, 9, 1], [4, 5, 6]]
    assert batch["padding_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert tokens.batch(np.array([1]))["token_ids"].tolist() == [[7]]
    assert tokens.batch(np.array([1]), multiple=3)["token_ids"].tolist() == [[7, 1, 1]]
    assert tokens.batch(np.array([0, 2]), multiple=3)["token_ids"].shape == (2, 3)


# What is shown when.


def test_every_row_is_shown_once_an_epoch_and_like_lengths_together() -> None:
    lengths = np.random.default_rng(0).integers(1, 60, 5_000)
    batches = epoch_batches(lengths, 32, [0, 0])
    assert sorted(np.concatenate(batches).tolist()) == list(range(5_000))
    padded = sum(int(lengths[rows].max()) * len(rows) for rows in batches)
    assert padded < 1.1 * lengths.sum()
    again, later = (epoch_batches(lengths, 32, [0, epoch]) for epoch in (0, 1))
    assert [each.tolist() for each in batches] == [each.tolist() for each in again]
    assert [each.tolist() for each in batches] != [each.tolist() for each in later]


def test_a_heavy_row_is_shown_more_often_rather_than_counted_more() -> None:
    rows, shares = repeated(np.array([1.0, 3.0, 1.0, 2.5]))
    assert rows.tolist() == [0, 1, 1, 1, 2, 3, 3]
    total = np.bincount(rows, shares)
    np.testing.assert_allclose(total / total[0], [1, 3, 1, 2.5])
    assert shares.mean() == pytest.approx(1)


def test_a_few_light_rows_do_not_make_the_epoch_longer() -> None:
    # Regression: all others were shown ten times.
    rows, shares = repeated(np.array([1.0] * 100 + [0.1] * 3))
    assert rows.tolist() == list(range(103))
    np.testing.assert_allclose(shares / shares[0], [1.0] * 100 + [0.1] * 3)


def test_even_batches_hold_every_text_once_the_shortest_first() -> None:
    lengths = np.array([5, 1, 90, 7, 300, 2])
    batches = [rows.tolist() for rows in even_batches(lengths, 4)]
    assert batches == [[1, 5, 0, 3], [2, 4]]
    assert filled(np.array([2, 4]), 4).tolist() == [2, 4, 2, 2]


def test_whole_batches_are_filled_with_what_counts_nothing() -> None:
    options = TransformerOptions(batch=4, epochs=2)
    shown = Shown(np.ones(6), np.ones(6, np.int64), options, seed=0, whole=True)
    batches = [shown.batch(step) for step in range(shown.total)]
    assert [len(rows) for rows, _ in batches] == [4] * 4
    assert sorted(sum(shares > 0) for _, shares in batches) == [2, 2, 4, 4]
    counted = np.concatenate([rows[shares > 0] for rows, shares in batches])
    assert np.bincount(counted).tolist() == [2] * 6
