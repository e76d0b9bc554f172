"""Word vectors: read from whatever form they come in, laid out by token id, or learned from the texts."""

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from deep_extra import require_networks

from sentiment_training.errors import OptionError
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work
from sentiment_training.families.deep import vectors
from sentiment_training.progress import SilentProgress

KNOWN = {
    "great": [1.0, 0.0, 0.5],
    "awful": [-1.0, 0.25, 0.0],
    "do": [0.5, 0.5, 0.5],
    "n't": [0.5, -0.5, 1.5],
    "elsewhere": [9.0, 9.0, 9.0],
}
SIZE = 3


def rows() -> str:
    return "".join(f"{word} {' '.join(map(str, values))}\n" for word, values in KNOWN.items())


def write_glove(path: Path) -> None:
    path.write_text(rows(), encoding="utf-8")


def write_word2vec_text(path: Path) -> None:
    path.write_text(f"{len(KNOWN)} {SIZE}\n{rows()}", encoding="utf-8")


def write_word2vec_binary(path: Path, after: bytes = b"\n") -> None:
    packed = [word.encode() + b" " + struct.pack("<3f", *values) + after for word, values in KNOWN.items()]
    path.write_bytes(f"{len(KNOWN)} {SIZE}\n".encode() + b"".join(packed))


def write_gensims_binary(path: Path) -> None:
    write_word2vec_binary(path, after=b"")


def write_npz(path: Path) -> None:
    words = np.frombuffer("\n".join(KNOWN).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, words=words, vectors=np.array(list(KNOWN.values()), np.float16))


def write_npz_of_texts(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, words=np.array(list(KNOWN)), vectors=np.array(list(KNOWN.values()), np.float16))


FORMS = [
    write_glove,
    write_word2vec_text,
    write_word2vec_binary,
    write_gensims_binary,
    write_npz,
    write_npz_of_texts,
]


@pytest.mark.parametrize("write", FORMS)
def test_every_form_gives_the_same_vectors_of_the_wanted_words_alone(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - one of FORMS
    write(tmp_path / "vectors")
    file = vectors.look_into(tmp_path / "vectors")
    assert file.dimensions == SIZE
    found = vectors.read(file, {"great": 2, "awful": 3, "absent": 4}, SilentProgress())
    assert {"great", "awful"} == set(found)
    assert [1.0, 0.0, 0.5] == found["great"].tolist()


def test_gloves_words_with_blanks_are_words(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text("great 1 2 3\n. . . 4 5 6\n", encoding="utf-8")
    file = vectors.look_into(tmp_path / "glove.txt")
    assert [4, 5, 6] == vectors.read(file, {". . .": 0}, SilentProgress())[". . ."].tolist()


def test_a_contraction_gets_the_mean_of_its_parts_and_an_unknown_word_something_random() -> None:
    vocabulary = {"[PAD]": 0, "[UNK]": 1, "great": 2, "don't": 3, "zzz": 4, "awful": 5, "bad": 5}
    assert {"do", "n't"} <= vectors.spellings(vocabulary).keys()
    found = {word: np.array(values, np.float32) for word, values in KNOWN.items()}
    table, share = vectors.table(found, vocabulary, (6, SIZE), seed=0)
    assert [0.5, 0.0, 1.0] == table[3].tolist()
    assert KNOWN["great"] == table[2].tolist()
    assert KNOWN["awful"] == table[5].tolist()
    assert share == pytest.approx(0.5)
    assert np.abs(table[4]).sum() > 0
    again, _ = vectors.table(found, vocabulary, (6, SIZE), seed=0)
    assert np.array_equal(table, again)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no file of word vectors"),
        (b"just some text\nin lines\n", "no file of word vectors"),
        (b"PK\x03\x04 no zip", "no file of word vectors"),
        (b"great nan inf nan\n", "no file of word vectors"),
    ],
)
def test_what_is_no_file_of_vectors_is_refused_before_any_work(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(OptionError, match=reason):
        vectors.look_into(tmp_path / "file")


@pytest.mark.parametrize("what", ["words", "vectors"])
def test_objects_are_no_words_and_no_vectors(what: str, tmp_path: Path) -> None:
    arrays = {"words": np.array(["a", "b"]), "vectors": np.ones((2, 3))}
    with (tmp_path / "file").open("wb") as file:
        np.savez(file, allow_pickle=True, **(arrays | {what: arrays[what].astype(object)}))
    with pytest.raises(OptionError, match="no file of word vectors"):
        vectors.look_into(tmp_path / "file")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"great 1 2 3\nawful 1 2\n", "line 2 has 2 numbers, the first had 3"),
        (b"great 1 2 3\nawful 1 2 x\n", "line 2 holds what is no number"),
        (b"zzz 1 2 3\ngreat 1 nan 3\n", "the vector of 'great' holds what is no number"),
        (b"2 3\ngreat " + struct.pack("<3f", 1, 2, 3) + b"\nawful \x00", "it ends in word 2 of 2"),
    ],
)
def test_a_broken_file_is_told_where_it_breaks(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(OptionError, match=reason):
        vectors.read(vectors.look_into(tmp_path / "file"), {"great": 0}, SilentProgress())


@pytest.fixture
def tensorflow() -> None:
    require_networks()


@pytest.mark.usefixtures("tensorflow")
def test_the_wrong_dimension_is_named_before_any_work(tmp_path: Path) -> None:
    write_glove(tmp_path / "glove.txt")
    given = {"embeddings": str(tmp_path / "glove.txt")}
    FAMILIES["textcnn"].check(given)
    FAMILIES["textcnn"].check(given | {"embedding_dim": "3"})
    with pytest.raises(OptionError, match=r"embedding_dim is 5, and the vectors of .* have 3 numbers"):
        FAMILIES["textcnn"].check(given | {"embedding_dim": "5"})


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize("family", ["bilstm", "gru", "textcnn"])
@pytest.mark.parametrize("fixed", [{}, {"embeddings": "glove.txt"}, {"cleaning": "lemmas=on"}])
def test_what_a_search_suggests_goes_with_what_is_fixed(
    family: str, fixed: dict[str, str], tmp_path: Path
) -> None:
    # Regression: of a file's vectors every trial was refused, of lemmas every second one.
    optuna = pytest.importorskip("optuna", reason="the extra `search` is not installed")
    write_glove(tmp_path / "glove.txt")
    fixed = {name: str(tmp_path / value) if value == "glove.txt" else value for name, value in fixed.items()}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        suggested = FAMILIES[family].suggest(study.ask(), fixed)
        FAMILIES[family].check({**suggested, **fixed})


def learned(**options: str) -> FittedModel:
    texts = ["great crew", "awful crew", "great flight", "awful flight"] * 20
    examples = Examples.of(texts, np.array([True, False, True, False] * 20))
    small = {"min_count": "1", "epochs": "2", "batch": "16", "filters": "4", "learning_rate": "0.02"}
    return FAMILIES["textcnn"].fit(examples, examples, small | options, Work())


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize("trainable", ["false", "true"])
def test_frozen_embeddings_stay_frozen_and_others_learn_on(trainable: str, tmp_path: Path) -> None:
    write_glove(tmp_path / "glove.txt")
    fitted = learned(embeddings=str(tmp_path / "glove.txt"), trainable=trainable)
    (table,) = fitted.network.get_layer("embedding").get_weights()  # type: ignore[attr-defined] # of this family
    number = fitted.tokenizer.token_to_id("great")  # type: ignore[attr-defined] # of this family
    assert (table[number].tolist() == KNOWN["great"]) == (trainable == "false")


@pytest.mark.usefixtures("tensorflow")
def test_vectors_of_no_word_that_is_learned_are_refused(tmp_path: Path) -> None:
    # Regression: frozen random vectors were learned from, and registered.
    (tmp_path / "none.txt").write_text("xyzzy 0.1 0.2\nplugh 0.3 0.4\n")

    with pytest.raises(OptionError, match="has a vector for none of the"):
        learned(embeddings=str(tmp_path / "none.txt"))


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize("method", ["word2vec", "fasttext"])
def test_vectors_are_learned_from_the_training_texts(method: str) -> None:
    with warnings.catch_warnings():
        # gensim builds on what newer versions of SciPy and smart_open deprecate.
        warnings.simplefilter("ignore")
        pytest.importorskip("gensim", reason="needs the extra deep: uv sync --all-packages --extra deep")
    frozen = {"embeddings": method, "embedding_dim": "8", "trainable": "false"}
    first, again = learned(**frozen), learned(**frozen)
    assert np.array_equal(first.probabilities(["great crew"]), again.probabilities(["great crew"]))


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment_training.families import extras  # noqa: PLC0415

    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "tensorflow" else object())
    with pytest.raises(OptionError, match=r"tensorflow is not installed; run `uv sync .* --extra deep`"):
        FAMILIES["bilstm"].check({})
