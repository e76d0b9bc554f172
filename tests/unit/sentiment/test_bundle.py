"""A bundle that is whole answers; one that is not is refused with a reason."""

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from bundles import GOLDEN, a_bundle, a_graph, a_tokenizer
from sentiment import Bundle, ForeignText, write_bundle
from sentiment.errors import (
    BundleError,
    FormatVersionError,
    GoldenMismatchError,
    GraphError,
    HashMismatchError,
    ManifestError,
    MissingFileError,
    OversizedFileError,
    TokenizerError,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    a_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return a_bundle(tmp_path_factory.mktemp("shared") / "bundle")


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "bundle.json"
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Swap a file and keep the manifest's hash true to it, as somebody would who means harm."""
    (folder / name).write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    edit_manifest(folder, lambda manifest: manifest["files"].update({name: entry}))


def test_the_label_is_positive_from_the_threshold_on(bundle: Bundle) -> None:
    great, awful, unknown = bundle.predict(["a great flight", "an awful flight", "flight"])
    assert great.label == "positive"
    assert awful.label == "negative"
    assert great.probability == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-6)
    assert unknown.probability == 0.5
    assert unknown.label == "positive"


def test_answers_come_in_the_order_of_the_texts_however_long_they_are(bundle: Bundle) -> None:
    texts = ["awful " * 30, "great", "", "bad bad great", "good " * 60, "late"] * 40
    together = bundle.probabilities(texts)
    alone = [bundle.probabilities([text])[0] for text in texts]
    assert together == pytest.approx(alone, abs=1e-6)


def test_a_text_in_an_unknown_language_is_said_so_among_the_others(tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle", languages=("en", "fr"))
    texts = ["a good flight", "mijn vlucht was weer drie uur te laat", "le vol était encore très en retard"]
    first, second, third = bundle.read(texts)
    assert [first, third] == bundle.predict([texts[0], texts[2]])
    assert ForeignText("nl") == second
    assert [ForeignText("nl")] == bundle.read(texts[1:2])
    assert ("en", "fr") == Bundle.open(tmp_path / "bundle").manifest.languages


def test_a_bundle_that_does_not_name_its_languages_reads_any_text(bundle: Bundle) -> None:
    assert () == bundle.manifest.languages
    texts = ["mijn vlucht was weer drie uur te laat"]
    assert bundle.predict(texts) == bundle.read(texts)


def test_no_text_gives_no_answer(bundle: Bundle) -> None:
    assert bundle.predict([]) == []


@given(st.lists(st.text(), max_size=8))
def test_any_text_has_a_probability(bundle: Bundle, texts: list[str]) -> None:
    probabilities = bundle.probabilities(texts)
    assert probabilities.shape == (len(texts),)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_tokens_past_the_longest_length_do_not_count(bundle: Bundle) -> None:
    assert bundle.manifest.max_length == 64
    filler = "word " * 64
    assert bundle.probabilities([filler + "awful"]) == bundle.probabilities([filler])


def test_many_threads_get_the_answers_that_one_gets(bundle: Bundle) -> None:
    texts = [f"{'good ' * (n % 7)} {'late ' * (n % 5)}" for n in range(200)]
    expected = bundle.probabilities(texts).tolist()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: bundle.probabilities(texts).tolist(), range(32)))
    assert all(answer == pytest.approx(expected, abs=1e-6) for answer in answers)


def test_an_opened_bundle_says_what_was_written(folder: Path) -> None:
    bundle = Bundle.open(folder)
    assert bundle.manifest.family == "words"
    assert [golden.text for golden in bundle.manifest.golden] == list(GOLDEN)
    assert bundle.sha256 == hashlib.sha256((folder / "bundle.json").read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx", "bundle.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(MissingFileError, match=name):
        Bundle.open(folder)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx"])
def test_one_damaged_byte_is_noticed(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(HashMismatchError, match=rf"{name}: sha256 is .* download it again"):
        Bundle.open(folder)


def test_a_file_cut_short_is_noticed(folder: Path) -> None:
    content = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content[:-1])
    with pytest.raises(HashMismatchError, match=r"model.onnx"):
        Bundle.open(folder)


def test_an_oversized_file_is_not_read(folder: Path) -> None:
    with (folder / "tokenizer.json").open("r+b") as file:
        file.truncate(2**40)  # sparse: a terabyte that takes no room
    with pytest.raises(OversizedFileError, match=r"tokenizer.json"):
        Bundle.open(folder)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    (folder / "tokenizer.json").rename(outside)
    (folder / "tokenizer.json").symlink_to(outside)
    with pytest.raises(BundleError, match=r"tokenizer.json"):
        Bundle.open(folder)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_place_of_a_file_is_refused_at_once(
    folder: Path, make: Callable[[Path], None]
) -> None:
    (folder / "model.onnx").unlink()
    make(folder / "model.onnx")
    with pytest.raises(BundleError, match=r"model.onnx"):
        Bundle.open(folder)


def test_golden_texts_that_give_another_probability_are_named(folder: Path) -> None:
    edit_manifest(folder, lambda manifest: manifest["golden"][0].update(probability=0.5))
    with pytest.raises(GoldenMismatchError, match=r"golden text 1 of 3 gives 0.88.* gave 0.50"):
        Bundle.open(folder)


def test_a_later_format_version_says_to_update(folder: Path) -> None:
    edit_manifest(folder, lambda manifest: manifest.update(format_version=2))
    with pytest.raises(FormatVersionError, match=r"format version 2 .* update this installation"):
        Bundle.open(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"labels": ["bad", "good"]}, "labels"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": "0.5"}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"max_length": 10**9}, "max_length"),
        ({"golden": []}, "golden"),
        ({"golden": [{"text": "x" * 10_001, "probability": 0.5}]}, "golden"),
        ({"golden": [{"text": 3, "probability": 0.5}]}, "text"),
        ({"golden_tolerance": 0.5}, "golden_tolerance"),
        ({"files": {}}, "files"),
        ({"files": []}, "files"),
        ({"family": None}, "family"),
        ({"calibration": "none"}, "calibration"),
        ({"provenance": {"run_id": 7}}, "run_id"),
        ({"languages": {"en": 1}}, "languages must be codes"),
        ({"languages": ["english"]}, "languages must be codes"),
        ({"languages": [3]}, "languages must be codes"),
        ({"format_version": "1"}, "format_version"),
    ],
)
def test_a_manifest_with_a_wrong_value_says_which(folder: Path, change: dict[str, Any], reason: str) -> None:
    edit_manifest(folder, lambda manifest: manifest.update(change))
    with pytest.raises(ManifestError, match=reason):
        Bundle.open(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format_version": 1e999}', b'{"format_version": NaN}'],
    ids=["empty", "list", "cut", "not utf-8", "deep", "infinite", "nan"],
)
def test_a_manifest_that_is_no_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / "bundle.json").write_bytes(content)
    with pytest.raises(ManifestError):
        Bundle.open(folder)


@given(st.binary(max_size=200))
def test_no_bytes_in_place_of_a_manifest_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "bundle.json").write_bytes(content)
    with pytest.raises(ManifestError):
        Bundle.open(folder)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"version": "1.0", "model": {"type": "no"}}']
)
def test_a_broken_tokenizer_is_refused(folder: Path, content: bytes) -> None:
    replace_file(folder, "tokenizer.json", content)
    with pytest.raises(TokenizerError):
        Bundle.open(folder)


def test_a_tokenizer_that_would_let_a_text_grow_without_bound_is_refused(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    bomb = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 10}
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [bomb] * 12}
    replace_file(folder, "tokenizer.json", json.dumps(tokenizer).encode())
    with pytest.raises(TokenizerError, match=r"1,000,000,000,000 times longer"):
        Bundle.open(folder)


def test_a_replacement_between_all_characters_is_reckoned_as_growth(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    doubling = {"type": "Replace", "pattern": {"Regex": ""}, "content": "a"}
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [doubling] * 40}
    replace_file(folder, "tokenizer.json", json.dumps(tokenizer).encode())
    with pytest.raises(TokenizerError, match=r"1,099,511,627,776 times longer"):
        Bundle.open(folder)


def test_words_that_share_an_id_are_all_in_the_file(tmp_path: Path) -> None:
    plain = json.loads(a_tokenizer().to_str())
    plain["model"]["vocab"]["superb"] = plain["model"]["vocab"]["great"]
    bundle = write_bundle(
        tmp_path / "shared",
        family="words",
        tokenizer=Tokenizer.from_str(json.dumps(plain)),
        graph=a_graph().SerializeToString(),
        golden_texts=["superb"],
    )
    great, superb, unknown = bundle.probabilities(["great", "superb", "so-so"])
    assert superb == great
    assert superb != unknown


def test_the_name_of_a_special_token_in_a_text_is_text(tmp_path: Path) -> None:
    tokenizer = a_tokenizer(["pad"])
    tokenizer.add_special_tokens(["[PAD]", "[UNK]"])
    bundle = write_bundle(
        tmp_path / "special",
        family="words",
        tokenizer=tokenizer,
        graph=a_graph(weights=[3.0]).SerializeToString(),
        golden_texts=["pad"],
    )
    written, plain = bundle.probabilities(["[PAD]", "pad"])
    assert written == plain > 0.9


def test_a_tokenizer_that_cuts_elsewhere_than_the_manifest_says_is_refused(folder: Path) -> None:
    replace_file(folder, "tokenizer.json", a_tokenizer(max_length=32).to_str().encode())
    with pytest.raises(TokenizerError, match=r"max_length = 64"):
        Bundle.open(folder)


def test_a_word_that_the_weights_do_not_have_is_an_error_of_the_graph(folder: Path) -> None:
    replace_file(folder, "model.onnx", a_graph(weights=[1.0]).SerializeToString())
    with pytest.raises(GraphError, match=r"cannot score a text"):
        Bundle.open(folder)


def test_a_bundle_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(GraphError):
        write_bundle(
            tmp_path / "bundle",
            family="words",
            tokenizer=a_tokenizer(),
            graph=a_graph(weights=[1.0]).SerializeToString(),
            golden_texts=["an awful flight"],
        )
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_never_written_over_another(folder: Path) -> None:
    with pytest.raises(FileExistsError):
        a_bundle(folder)
