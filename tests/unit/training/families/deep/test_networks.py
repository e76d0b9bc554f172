"""BiLSTM, GRU and TextCNN: the exported graph computes what Keras computes, whatever the text."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from deep_extra import require_networks
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment import Bundle, Provenance
from sentiment_training.errors import CheckpointError, DivergedError, OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work
from sentiment_training.families.family import Report
from sentiment_training.parity import check_parity
from sentiment_training.progress import SilentProgress

require_networks()

SUBJECTS = ("my flight", "the crew", "your app", "@united", "this airline", "boarding")
GOOD = ("was great", "is lovely :)", "made my day!!", "was not bad at all", "thanks a lot")
BAD = ("was awful", "is late again :(", "lost my bag???", "was not good at all", "never again")

SMALL = {"min_count": "1", "embedding_dim": "12", "epochs": "4", "batch": "32", "learning_rate": "0.02"}
EXACT = SMALL | {"quantise": "false"}
NETWORKS = {
    "bilstm": ("bilstm", {"units": "6"}),
    "bilstm of two layers": ("bilstm", {"units": "5", "layers": "2"}),
    "bilstm of pieces": ("bilstm", {"units": "6", "tokens": "subwords", "vocabulary": "100"}),
    "gru": ("gru", {"units": "6"}),
    "gru of two layers": ("gru", {"units": "5", "layers": "2"}),
    "textcnn": ("textcnn", {"filters": "6"}),
    "textcnn and n-grams": ("textcnn", {"filters": "6", "wide": "3"}),
    "bilstm of pieces and n-grams": (
        "bilstm",
        {"units": "6", "tokens": "subwords", "vocabulary": "100", "wide": "2"},
    ),
    "textcnn of one width": ("textcnn", {"filters": "6", "widths": "4"}),
}


def some_examples(name: str = "made-up") -> Examples:
    """Sentences whose words alone do not decide: `not bad` is good, `not good` is bad."""
    pairs = [(f"{subject} {ending}", ending in GOOD) for subject in SUBJECTS for ending in GOOD + BAD]
    texts, labels = zip(*pairs, strict=True)
    return Examples.of(list(texts) * 6, np.array(list(labels) * 6), name)


def fit(family: str, options: Mapping[str, str], work: Work | None = None) -> FittedModel:
    examples = some_examples()
    return FAMILIES[family].fit(examples, examples, options, work or Work())


@pytest.fixture(scope="module", params=list(NETWORKS))
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FittedModel, Bundle]:
    family, options = NETWORKS[request.param]
    fitted = fit(family, EXACT | options)
    folder = tmp_path_factory.mktemp("network") / "bundle"
    return fitted, fitted.export(folder, ["the crew was great", ""], Provenance())


def test_the_bundle_agrees_with_keras_whatever_shares_a_batch(pair: tuple[FittedModel, Bundle]) -> None:
    fitted, bundle = pair
    words = sorted({word for text in some_examples().texts for word in text.split()} | {"zzz", "!!", "[PAD]"})
    generator = np.random.default_rng(7)
    texts = [" ".join(generator.choice(words, generator.integers(0, 90))) for _ in range(400)]
    texts += ["", "zzz", "[UNK] [PAD]", "great " * 2_000]
    expected, given = fitted.probabilities(texts), bundle.probabilities(texts)
    # Mostly it is 1e-6; some trainings end with weights so large that rounding shows.
    assert np.abs(expected - given).max() <= fitted.tolerance
    assert np.ptp(given) > 0.1  # they say something
    alone = [bundle.probabilities([text])[0] for text in texts[-8:]]
    assert np.abs(alone - given[-8:]).max() <= 1e-5


@settings(max_examples=25)
@given(text=st.text(alphabet="ab !?.@#é\U0001f621\x00‍", max_size=60))
def test_any_text_scores_the_same_in_both(pair: tuple[FittedModel, Bundle], text: str) -> None:
    fitted, bundle = pair
    assert bundle.probabilities([text]) == pytest.approx(fitted.probabilities([text]), abs=1e-5)


@pytest.mark.parametrize("family", ["bilstm", "gru", "textcnn"])
def test_a_bundle_of_bytes_is_smaller_and_as_good(family: str, tmp_path: Path) -> None:
    bytes_ = fit(family, SMALL | {"embedding_dim": "64"})
    assert bytes_.tolerance is None
    bundle = bytes_.export(tmp_path / "bytes", ["the crew was great"], Provenance())
    examples = some_examples()
    assert check_parity(bytes_, bundle, examples.texts, examples.labels, SilentProgress()) < 0.02
    whole = fit(family, EXACT | {"embedding_dim": "64"})
    exact = whole.export(tmp_path / "whole", ["the crew was great"], Provenance())
    assert bundle.manifest.files["model.onnx"].bytes < exact.manifest.files["model.onnx"].bytes


@pytest.mark.parametrize("family", ["bilstm", "gru", "textcnn"])
def test_it_learns_what_two_words_mean_together(family: str) -> None:
    fitted = fit(family, SMALL | {"epochs": "15", "patience": "15", "dropout": "0", "word_dropout": "0"})
    good, bad = fitted.probabilities(["the crew was not bad at all", "the crew was not good at all"])
    assert good > 0.8
    assert bad < 0.2


def test_a_text_scores_the_same_alone_and_among_others() -> None:
    fitted = fit("bilstm", SMALL)
    texts = list(dict.fromkeys(some_examples().texts))
    together = fitted.probabilities(texts)
    assert together == pytest.approx([fitted.probabilities([text])[0] for text in texts], abs=1e-6)


def test_the_same_seed_gives_the_same_network_and_another_seed_another() -> None:
    first, again, other = (fit("textcnn", SMALL, Work(seed=seed)) for seed in (3, 3, 4))
    texts = ["the crew was great", "never again"]
    assert np.array_equal(first.probabilities(texts), again.probabilities(texts))
    assert not np.array_equal(first.probabilities(texts), other.probabilities(texts))


class KilledError(Exception):
    """Stands for whatever ends a training from outside."""


def killed_in(epoch: int) -> Report:
    """Interrupt a training while it reports on an epoch, before that epoch is kept."""

    def report(name: str, _value: float, step: int) -> None:
        if name == "validation.loss" and step == epoch:
            raise KilledError

    return report


@pytest.mark.parametrize("family", ["bilstm", "gru", "textcnn"])
def test_a_killed_training_goes_on_where_it_was_and_ends_the_same(family: str, tmp_path: Path) -> None:
    options = SMALL | {"patience": "9"}
    whole = fit(family, options)
    with pytest.raises(KilledError):
        fit(family, options, Work(checkpoints=tmp_path, report=killed_in(3)))
    steps: list[int] = []
    work = Work(checkpoints=tmp_path, report=lambda _name, _value, step: steps.append(step))
    resumed = fit(family, options, work)
    assert {3, 4} == set(steps)
    texts = some_examples().texts
    assert resumed.probabilities(texts) == pytest.approx(whole.probabilities(texts), abs=1e-6)
    assert resumed.parameters == whole.parameters


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first = fit("textcnn", SMALL, Work(checkpoints=tmp_path))
    steps: list[int] = []
    work = Work(checkpoints=tmp_path, report=lambda _name, _value, step: steps.append(step))
    again = fit("textcnn", SMALL, work)
    assert [] == steps
    assert np.array_equal(first.probabilities(["never again"]), again.probabilities(["never again"]))


def test_n_grams_are_learned_again_where_the_network_was_finished(tmp_path: Path) -> None:
    options = SMALL | {"wide": "2"}
    first = fit("textcnn", options, Work(checkpoints=tmp_path))
    again = fit("textcnn", options, Work(checkpoints=tmp_path))
    texts = some_examples().texts
    assert first.parameters == again.parameters
    assert np.array_equal(first.probabilities(texts), again.probabilities(texts))


def test_n_grams_answer_for_what_the_network_cannot_see() -> None:
    # One filter of width 1 sees no order: that "not bad" is good, only the n-grams remember.
    poor = SMALL | {"filters": "1", "widths": "1", "epochs": "1"}
    examples = some_examples()
    alone, both = (
        fit("textcnn", poor | {"wide": wide, "wide_c": "100"}).probabilities(examples.texts)
        for wide in ("0", "3")
    )
    assert ((both >= 0.5) == examples.labels).mean() > 0.99 > ((alone >= 0.5) == examples.labels).mean()


def test_however_sure_the_network_is_both_sides_are_mixed_alike(tmp_path: Path) -> None:
    # Regression: log-odds past 13.8 were cut off by the trainer, and not by the bundle.
    sure = fit("textcnn", EXACT | {"filters": "6", "wide": "2"})
    score = sure.network.get_layer("score")  # type: ignore[attr-defined]
    score.set_weights([each * -50 for each in score.get_weights()])  # and the n-grams disagree
    bundle = sure.export(tmp_path / "bundle", ["the crew was great"], Provenance())
    texts = [*some_examples().texts, "was great is late", "", "never never never"]
    np.testing.assert_allclose(bundle.probabilities(texts), sure.probabilities(texts), atol=1e-5)


def test_of_an_empty_text_n_grams_know_no_more_in_training_than_in_the_bundle(tmp_path: Path) -> None:
    # Regression: the padding that stands for an empty text was an n-gram of its own, in training alone.
    examples = some_examples()
    texts = ["&nbsp;" if text.startswith("your app") else text for text in examples.texts]
    emptied = Examples.of(texts, examples.labels, "made-up")
    options = EXACT | {"filters": "6", "wide": "3", "wide_c": "100"}
    fitted = FAMILIES["textcnn"].fit(emptied, emptied, options, Work())
    bundle = fitted.export(tmp_path / "bundle", ["the crew was great", ""], Provenance())
    asked = ["", "&nbsp;", "the crew was great"]
    assert bundle.probabilities(asked) == pytest.approx(fitted.probabilities(asked), abs=1e-5)


def test_another_trainings_checkpoint_is_not_gone_on_from(tmp_path: Path) -> None:
    fit("textcnn", SMALL | {"epochs": "1"}, Work(checkpoints=tmp_path))
    with pytest.raises(CheckpointError, match="belongs to another training"):
        fit("textcnn", SMALL, Work(checkpoints=tmp_path))
    with pytest.raises(CheckpointError, match="belongs to another training"):
        fit("textcnn", SMALL | {"epochs": "1"}, Work(checkpoints=tmp_path, seed=1))


def test_a_damaged_checkpoint_is_told(tmp_path: Path) -> None:
    fit("textcnn", SMALL | {"epochs": "1"}, Work(checkpoints=tmp_path))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1_000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        fit("textcnn", SMALL | {"epochs": "1"}, Work(checkpoints=tmp_path))


def test_it_stops_when_validation_gets_no_better_and_keeps_the_best_weights() -> None:
    examples = some_examples()
    # What is learned is wrong here: validation gets worse from the first epoch on.
    contrary = replace(examples, labels=~examples.labels)
    losses: list[float] = []

    def report(name: str, value: float, _step: int) -> None:
        if name == "validation.loss":
            losses.append(value)

    options = SMALL | {"epochs": "30", "patience": "2", "schedule": "plateau"}
    fitted = FAMILIES["textcnn"].fit(examples, contrary, options, Work(report=report))
    best = int(np.argmin(losses)) + 1
    assert best == fitted.parameters["epochs.best"]
    assert best + 2 == fitted.parameters["epochs.done"] == len(losses) < 30
    probability = fitted.probabilities(contrary.texts)
    loss = -np.log(np.where(contrary.labels, probability, 1 - probability)).mean()
    assert min(losses) == pytest.approx(loss, abs=1e-5)


def test_a_network_whose_answers_are_no_numbers_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment_training.families.deep import model  # noqa: PLC0415 - imports TensorFlow

    build = model.build

    def build_broken(*given: object) -> object:
        network = build(*given)
        kernel, bias = network.get_layer("score").get_weights()
        network.get_layer("score").set_weights([kernel * np.nan, bias])
        return network

    monkeypatch.setattr(model, "build", build_broken)
    with pytest.raises(DivergedError, match="after epoch 1 the network's answers are no numbers"):
        fit("textcnn", SMALL)


def test_each_domain_is_reported_apart_and_counts_the_same() -> None:
    one, other = some_examples("one"), some_examples("other")
    size = len(one)
    both = Examples(
        [*one.texts, *other.texts[: size // 4]],
        np.concatenate([one.labels, other.labels[: size // 4]]),
        np.ones(size + size // 4),
        np.repeat([0, 1], [size, size // 4]),
        ["one", "other"],
    )
    reported: dict[str, float] = {}

    def report(name: str, value: float, _step: int) -> None:
        reported[name] = value

    FAMILIES["textcnn"].fit(both, both, SMALL | {"epochs": "1"}, Work(report=report))
    mean = (reported["validation.one.loss"] + reported["validation.other.loss"]) / 2
    assert reported["validation.loss"] == pytest.approx(mean)
    assert 0 <= reported["validation.other.accuracy"] <= 1
    assert reported["train.loss"] > 0


def test_heavy_rows_decide_where_labels_contradict() -> None:
    texts = ["the crew was fine", "the crew was fine"] * 50
    labels = np.array([True, False] * 50)
    heavy = np.where(labels, 9.0, 1.0)
    examples = replace(Examples.of(texts, labels), weights=heavy)
    chosen_by = Examples.of(texts, np.array(([True] * 9 + [False]) * 10))
    options = SMALL | {"epochs": "40", "patience": "40"}
    fitted = FAMILIES["textcnn"].fit(examples, chosen_by, options, Work())
    assert fitted.probabilities(["the crew was fine"])[0] == pytest.approx(0.9, abs=0.05)


def test_mixed_precision_leaves_a_network_that_computes_in_full(tmp_path: Path) -> None:
    fitted = fit("bilstm", EXACT | {"precision": "mixed_bfloat16", "units": "6"})
    assert fitted.parameters["precision"] == "mixed_bfloat16"
    bundle = fitted.export(tmp_path / "bundle", [""], Provenance())
    texts = some_examples().texts
    assert np.abs(bundle.probabilities(texts) - fitted.probabilities(texts)).max() <= 1e-5


def test_the_log_names_every_option() -> None:
    parameters = fit("gru", SMALL | {"units": "6"}).parameters
    assert parameters["units"] == 6
    assert parameters["schedule"] == "cosine"
    assert parameters["network.weights"] > 0
    # A run logs these itself: `weights` once was both, and the run failed after hours of training.
    assert not {"family", "data", "split", "weights", "test_share", "seed", "fingerprint"} & parameters.keys()


@pytest.mark.parametrize(
    ("family", "options", "reason"),
    [
        ("bilstm", {"filters": "8"}, "there is no option 'filters'"),
        ("bilstm", {"layers": "3"}, "layers must lie between 1 and 2"),
        ("textcnn", {"widths": "2,x"}, "widths takes whole numbers like 2,3,4, not '2,x'"),
        ("textcnn", {"widths": "3,3"}, "widths takes different widths"),
        ("textcnn", {"widths": "0,1"}, "widths takes different widths"),
        ("gru", {"trainable": "false"}, "give embeddings too"),
        ("gru", {"tokens": "subwords", "cleaning": "lemmas=on"}, "lemmas cannot be chosen so"),
        ("gru", {"embeddings": "/nowhere/glove.txt"}, "no file of word vectors can be read there"),
    ],
)
def test_a_wrong_option_is_named_before_any_work(family: str, options: dict[str, str], reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        FAMILIES[family].check(options)


def test_pytorch_that_is_not_there_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(OptionError, match=r"torch is not installed.*`uv pip install torch`"):
        FAMILIES["bilstm"].check({})


def test_it_asks_for_rows_to_choose_by() -> None:
    nothing = Examples.of([], np.zeros(0, np.bool_))
    with pytest.raises(OptionError, match="no rows to choose by"):
        FAMILIES["gru"].fit(some_examples(), nothing, SMALL, Work())


@pytest.fixture(autouse=True)
def _forgotten_networks() -> Iterator[None]:
    import keras  # noqa: PLC0415 - after the skip

    yield
    keras.backend.clear_session()
