"""Networks that begin with a version: what its bundle holds is what they learn on from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from deep_extra import require_networks

from sentiment import Bundle, Provenance
from sentiment_training.errors import CheckpointError, OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work

require_networks()

SMALL = {
    "min_count": "1",
    "embedding_dim": "12",
    "epochs": "6",
    "batch": "32",
    "learning_rate": "0.02",
    "quantise": "false",
}
# So small a rate that next to nothing is learned.
NOTHING = {"epochs": "1", "learning_rate": "1e-6", "batch": "32", "quantise": "false"}
WIDE = {"wide": "2"}
NETWORKS = {
    "bilstm of two layers": ("bilstm", {"units": "5", "layers": "2", "cleaning": "mentions=kept"}),
    "bilstm of pieces": ("bilstm", {"units": "6", "tokens": "subwords", "vocabulary": "100", **WIDE}),
    "gru": ("gru", {"units": "6", "max_length": "9"}),
    "textcnn": ("textcnn", {"filters": "6", "widths": "3,1,2", **WIDE}),
}
TEXTS = [
    f"{subject} was {how}"
    for subject in ("flight", "crew", "app", "gate", "@united")
    for how in ("great", "awful", "lovely", "late", "not bad", "not good")
]
GOOD = np.array([text.endswith(("great", "lovely", "not bad")) for text in TEXTS])
ASKED = [*TEXTS, "", "the crew was great " * 9, "zzz", "@klm was lovely"]


def examples(labels: np.ndarray = GOOD) -> Examples:
    return Examples.of(TEXTS * 8, np.tile(labels, 8), "made-up")


def fit(family: str, options: dict[str, str], learned: Examples, work: Work | None = None) -> FittedModel:
    return FAMILIES[family].fit(learned, examples(), options, work or Work())


def exported(model: FittedModel, folder: Path) -> Bundle:
    return model.export(folder, ["the crew was great", ""], Provenance())


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("version") / "bundle"
    exported(fit("textcnn", SMALL | NETWORKS["textcnn"][1], examples()), folder)
    return folder


@pytest.mark.parametrize("kind", list(NETWORKS))
def test_a_training_begins_where_the_version_ended(kind: str, tmp_path: Path) -> None:
    family, options = NETWORKS[kind]
    first = fit(family, SMALL | options, examples())
    bundle = exported(first, tmp_path / "version")
    again = fit(family, NOTHING | {"weights": str(tmp_path / "version")}, examples())
    for name in ("units", "layers", "filters", "widths", "embedding_dim", "max_length", "tokens"):
        assert first.parameters.get(name) == again.parameters.get(name)
    assert f"version-{bundle.sha256[:12]}" == again.parameters["started_from"]
    assert "weights" not in again.parameters  # a run's own parameter, of its data sets
    given, kept = first.probabilities(ASKED), again.probabilities(ASKED)
    assert np.ptp(given) > 0.5  # it had learned something
    # The sides are weighed anew, on the same rows.
    assert kept == pytest.approx(given, abs=1e-3)
    assert exported(again, tmp_path / "again").probabilities(ASKED) == pytest.approx(kept, abs=1e-5)


def test_what_was_kept_in_bytes_is_read_back(tmp_path: Path) -> None:
    bundle = exported(fit("gru", SMALL | {"quantise": "true"}, examples()), tmp_path / "version")
    again = fit("gru", NOTHING | {"weights": str(tmp_path / "version")}, examples())
    assert again.probabilities(ASKED) == pytest.approx(bundle.probabilities(ASKED), abs=1e-3)


def test_it_learns_what_is_new_and_keeps_the_n_grams(version: Path) -> None:
    contrary = examples(~GOOD)
    options = {"weights": str(version), "epochs": "20", "patience": "20", "learning_rate": "0.02"}
    turned = FAMILIES["textcnn"].fit(contrary, contrary, options, Work())
    assert ((turned.probabilities(TEXTS) >= 0.5) == ~GOOD).all()
    # What the n-grams say is the opposite of it now, and so they have little to say, or less than nothing.
    assert turned.parameters["wide.ngrams_share"] < 0.1
    assert "wide" not in turned.parameters
    as_before = fit("textcnn", NOTHING | {"weights": str(version)}, examples())
    assert as_before.parameters["wide.ngrams"] == turned.parameters["wide.ngrams"] > 0


def test_killed_it_goes_on_and_from_another_version_it_does_not(version: Path, tmp_path: Path) -> None:
    options = {"weights": str(version), "epochs": "3", "learning_rate": "0.001", "patience": "9"}
    whole = fit("textcnn", options, examples())

    def killed(name: str, _value: float, step: int) -> None:
        if name == "validation.loss" and step == 2:
            raise KeyboardInterrupt

    kept = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        fit("textcnn", options, examples(), Work(checkpoints=kept, report=killed))
    resumed = fit("textcnn", options, examples(), Work(checkpoints=kept))
    assert resumed.probabilities(ASKED) == pytest.approx(whole.probabilities(ASKED), abs=1e-6)
    exported(whole, tmp_path / "other")
    other = options | {"weights": str(tmp_path / "other")}
    with pytest.raises(CheckpointError, match="belongs to another training"):
        fit("textcnn", other, examples(), Work(checkpoints=kept))


def test_what_a_version_has_is_not_chosen_again(version: Path) -> None:
    for name, value in {"cleaning": "lowercase=off", "filters": "6", "wide": "3"}.items():
        with pytest.raises(OptionError, match=f"is a version, which has its own {name}; leave {name} out"):
            FAMILIES["textcnn"].check({"weights": str(version), name: value})
    FAMILIES["textcnn"].check({"weights": str(version), "dropout": "0.5"})


def test_only_a_version_of_this_family_can_be_trained_on(version: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is a version of the family textcnn, not gru"):
        FAMILIES["gru"].check({"weights": str(version)})
    with pytest.raises(OptionError, match="cannot be used"):
        FAMILIES["gru"].check({"weights": str(tmp_path)})


def test_n_grams_have_an_expert_for_one_data_set(tmp_path: Path) -> None:
    # To an airline, "lovely" is meant the other way round; nobody else means it so.
    airline = [f"@united {text}" for text in TEXTS]
    opposite = GOOD ^ np.array(["lovely" in text for text in TEXTS])
    both = Examples(
        [*TEXTS * 8, *airline * 2],
        np.concatenate([np.tile(GOOD, 8), np.tile(opposite, 2)]),
        np.ones(len(TEXTS) * 10),
        np.repeat([0, 1], [len(TEXTS) * 8, len(TEXTS) * 2]),
        ["others", "airline"],
    )
    # A network that has learned nothing: the n-grams answer.
    options = {"filters": "1", "epochs": "1", "min_count": "1", "quantise": "false", "wide": "1"}
    options |= {"learning_rate": "1e-6", "wide_c": "100", "cleaning": "mentions=kept"}
    alone, expert = (
        FAMILIES["textcnn"].fit(both, both, options | extra, Work())
        for extra in ({}, {"wide_expert": "airline"})
    )
    right = [((each.probabilities(both.texts) >= 0.5) == both.labels).mean() for each in (alone, expert)]
    assert right[0] < 1 == right[1]
    lovely = ["@united crew was lovely", "crew was lovely"]
    assert (expert.probabilities(lovely) >= 0.5).tolist() == [False, True]
    bundle = exported(expert, tmp_path / "bundle")
    assert bundle.probabilities(ASKED) == pytest.approx(expert.probabilities(ASKED), abs=1e-5)
    on = FAMILIES["textcnn"].fit(both, both, NOTHING | {"weights": str(tmp_path / "bundle")}, Work())
    assert on.probabilities(ASKED) == pytest.approx(expert.probabilities(ASKED), abs=1e-3)


def test_an_expert_that_nobody_could_be_is_refused_before_any_work() -> None:
    with pytest.raises(OptionError, match="wide_expert=made-up is for the n-grams beside the network"):
        FAMILIES["textcnn"].check({"wide_expert": "made-up"})
    with pytest.raises(OptionError, match="it is none of the data sets that are learned from"):
        fit("textcnn", SMALL | {"wide": "2", "wide_expert": "airline"}, examples())
    with pytest.raises(OptionError, match="there is no other data set"):
        fit("textcnn", SMALL | {"wide": "2", "wide_expert": "made-up"}, examples())


def test_what_an_expert_learns_does_not_hang_on_what_its_data_set_weighs() -> None:
    rows = replace(
        examples(),
        domains=np.repeat([0, 1], [len(TEXTS) * 4, len(TEXTS) * 4]),
        names=["others", "airline"],
    )
    heavy = replace(rows, weights=np.where(rows.domains == 1, 14.0, 1.0))
    options = {"expert": "airline", "min_count": "1"}
    one, other = (fit("logreg", options, each) for each in (rows, heavy))
    assert one.probabilities(TEXTS) == pytest.approx(other.probabilities(TEXTS), abs=1e-6)


@pytest.mark.parametrize("family", ["bilstm", "gru", "textcnn"])
def test_a_search_from_a_version_suggests_nothing_that_it_has(
    family: str, version: Path, tmp_path: Path
) -> None:
    begun = {"weights": str(version)}
    if family != "textcnn":
        exported(fit(family, SMALL | {"units": "5"}, examples()), tmp_path / "version")
        begun = {"weights": str(tmp_path / "version")}
    study = pytest.importorskip("optuna", reason="comes with the extra search").create_study()
    suggested = FAMILIES[family].suggest(study.ask(), begun)
    FAMILIES[family].check({**suggested, **begun})
    assert "learning_rate" in suggested
